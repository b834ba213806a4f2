// One side of the page: who is on it, and the frame with their client.

import { wire } from "./wire.js";

const PATIENCE = 30_000; // milliseconds for a client to get ready
const FAREWELL = 1_500; // ... and for it to say goodbye

export class Pane extends EventTarget {
    #frame = null;
    #origin;
    #orders = new Map();
    #number = 0;

    /** `place` is the element to fill, `port` that of the side's own origin. */
    constructor(place, port, people, chosen) {
        super();
        this.place = place;
        this.people = people;
        this.#origin = `http://${location.hostname}:${port}`;
        place.append(document.querySelector("template#side").content.cloneNode(true));
        this.wire = wire(place.querySelector(".wire"));
        this.#fillIn(chosen);
        place.querySelector(".enter").addEventListener("click", () => this.logIn());
        place.querySelector(".log").addEventListener("click", () => this.logOut());
        window.addEventListener("message", (event) => {
            if (event.origin === this.#origin && event.source === this.#frame?.contentWindow) this.#hear(event.data);
        });
        this.#show("out");
    }

    get person() {
        return this.people.find(({ account }) => account === this.place.querySelector(".who").value);
    }

    get firstName() {
        return this.person.name.split(" ")[0];
    }

    get ready() {
        return this.state === "ready";
    }

    /** Resolves when the client is ready; throws if it does not get so. */
    async logIn() {
        if (this.ready) return;
        if (!this.#frame) {
            this.wire.clear();
            this.#frame = document.createElement("iframe");
            this.#frame.title = `${this.person.name}'s chat client`;
            this.#frame.allow = "clipboard-write";
            this.#frame.src = `${this.#origin}/#${encodeURIComponent(this.person.account)}`;
            this.place.querySelector(".stage").append(this.#frame);
            this.#show("coming");
        }
        await this.#becomes("ready", PATIENCE);
    }

    async logOut() {
        if (!this.#frame) return;
        if (this.ready) {
            this.order("logout").catch(() => {});
            await this.#becomes("gone", FAREWELL).catch(() => {});
        }
        this.#frame.remove();
        this.#frame = null;
        this.#orders.clear();
        this.#show("out");
    }

    /** What the client answers, once it has done it. */
    order(what, details = {}) {
        if (!this.#frame) return Promise.reject(new Error(`${this.firstName} is not logged in.`));
        const id = ++this.#number;
        this.#frame.contentWindow.postMessage({ ...details, do: what, id }, this.#origin);
        return new Promise((resolve, reject) => this.#orders.set(id, { resolve, reject }));
    }

    /** Resolves when a stanza comes that `wanted` likes; or a little later without one. */
    hears(wanted, milliseconds = 3_000) {
        return new Promise((resolve) => {
            const end = () => {
                clearTimeout(timer);
                this.removeEventListener("stanza", look);
                resolve();
            };
            const look = ({ detail }) => !detail.sent && wanted(detail.stanza) && end();
            const timer = setTimeout(end, milliseconds);
            this.addEventListener("stanza", look);
        });
    }

    #hear(news) {
        if (news.kind === "state") this.#show(news.state);
        if (news.kind === "stanza") {
            const stanza = new DOMParser().parseFromString(news.xml, "text/xml").documentElement;
            if (["message", "presence", "iq"].includes(stanza.localName)) {
                this.wire.add(stanza, news.sent);
                this.dispatchEvent(new CustomEvent("stanza", { detail: { stanza, sent: news.sent } }));
            }
        }
        if (news.kind === "done") {
            const { resolve, reject } = this.#orders.get(news.id) ?? {};
            this.#orders.delete(news.id);
            if (news.problem) reject?.(new Error(news.problem));
            else resolve?.(news.answer);
        }
    }

    #becomes(state, milliseconds) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.removeEventListener("state", look);
                reject(new Error(`${this.person.name} could not log in: is the bridge running?`));
            }, milliseconds);
            const look = () => {
                if (this.state !== state) return;
                clearTimeout(timer);
                this.removeEventListener("state", look);
                resolve();
            };
            this.addEventListener("state", look);
            look();
        });
    }

    #show(state) {
        this.state = state;
        const { name, kind, account, face } = this.person;
        const find = (selector) => this.place.querySelector(selector);
        this.place.dataset.kind = kind;
        this.place.dataset.state = state;
        this.place.classList.toggle("ready", state === "ready");
        this.place.classList.toggle("gone", state === "gone");
        find(".badge").textContent = kind === "work" ? "Work user" : "Agent";
        find(".who").disabled = state !== "out";
        find(".log").hidden = state === "out";
        find(".enter").textContent = `Log in as ${name}`;
        find(".enter").hidden = state !== "out";
        find(".state").textContent = { coming: "Logging in …", gone: "The connection is lost." }[state] ?? "";
        find(".addresses").replaceChildren("logs in as ", bold(account), ", others write to ", bold(face));
        this.dispatchEvent(new Event("state"));
    }

    #fillIn(chosen) {
        const select = this.place.querySelector(".who");
        for (const [kind, label] of [["work", "Work users"], ["agent", "Agents"]]) {
            const group = document.createElement("optgroup");
            group.label = label;
            group.append(...this.people.filter((person) => person.kind === kind).map(option));
            select.append(group);
        }
        select.value = chosen.account;
        select.addEventListener("change", () => this.#show("out"));
    }
}

function option({ name, title, account }) {
    return new Option(title ? `${name}, ${title}` : name, account);
}

function bold(text) {
    const element = document.createElement("b");
    element.textContent = text;
    return element;
}
