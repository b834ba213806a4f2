// What the guide suggests. `text` and `actions` get the names of the two people, `look` gets every stanza of either side.

import { history } from "./history-step.js";
import { people, services } from "./people-steps.js";
import { bare, both, first, said, shown, words } from "./stanzas.js";

const ROSTER = "jabber:iq:roster";
const INVITATION = "jabber:x:conference";
const FORMATTED = {
    body: "Price list\n\n* Standard: 12.50\n* Express: 19.00\n\nTerms (https://example.org/terms)",
    xhtml:
        '<p style="color:#0b6f62"><strong>Price list</strong></p><ul><li>Standard: <em>12.50</em></li>' +
        '<li>Express: <em>19.00</em></li></ul><p><a href="https://example.org/terms">Terms</a></p>',
};
const LINK = /https?:\/\/(localhost|127\.0\.0\.1)\S+/; // of this bridge
const STATUSES = {
    agent: [["Available"], ["Busy", "dnd"], ["On break", "away"], ["Work offline", "xa"]],
    work: [["Available"], ["Away", "away"], ["Do not disturb", "dnd"]],
};

export const steps = (setup) => [
    logIn,
    contacts(),
    text(),
    presence(),
    formatted,
    file,
    groupChat,
    people(),
    services,
    history(setup),
];

const logIn = {
    id: "log-in",
    title: "Log in on both sides",
    text: ({ work, agent }, { paired }) =>
        paired
            ? words`${work} is a Work user, ${agent} a contact-centre agent. Each has an account that the other never sees, and a face: the address under which the other side knows them.`
            : words`Anybody can be on either side. Most of the steps below want a Work user on one and an agent on the other.`,
    actions: ({ left, right }, people) =>
        people.two ? [] : [{
            label: `Log in ${left} and ${right}`,
            main: true,
            possible: true,
            run: (people) => both(people.left.logIn(), people.right.logIn()),
        }],
    look: ({ two }) => two,
};

/** Which faces each person's client was told of. */
class Known {
    #pairs = new Set();

    add({ person }, face) {
        this.#pairs.add(`${person.account} ${face}`);
    }

    /** Whether each of the two has the other. */
    both({ left, right }) {
        const knows = (one, other) => this.#pairs.has(`${one.person.account} ${other.person.face}`);
        return knows(left, right) && knows(right, left);
    }
}

const contacts = () => {
    const listed = new Known();
    return {
        id: "contacts",
        title: "The contacts are there",
        needs: "met",
        text: ({ left, right, work, agent }, { paired }) =>
            paired
                ? words`Nobody has added anybody. ${work} finds the agents in the list, ${agent} the colleagues. Open the chat by a click on a name, or here on both sides.`
                : words`Nobody has added anybody. ${left} and ${right} find the agents of their groups and the Work users. Open the chat by a click on a name, or here on both sides.`,
        actions: () => [{
            label: "Open the chat",
            run: ({ left, right }) => both(left.order("open", { jid: right.person.face }), right.order("open", { jid: left.person.face })),
        }],
        look: ({ pane, stanza, sent, ...people }) => {
            const items = stanza && !sent ? [...stanza.getElementsByTagNameNS(ROSTER, "item")] : [];
            items.forEach((item) => listed.add(pane, item.getAttribute("jid")));
            return people.met && listed.both(people);
        },
    };
};

const text = () => {
    const heard = new Known();
    return {
        id: "text",
        title: "Write to each other",
        needs: "met",
        text: () => words`Type on either side. While one types, nothing shows on the other: agents are not told, nor is it told of them.`,
        actions: ({ left, right }) => [{
            label: "Let them greet each other",
            run: async (people) => {
                const greeted = people.right.hears(said);
                await people.left.order("say", { jid: people.right.person.face, body: `Good morning, ${right}!` });
                await greeted;
                await people.right.order("say", { jid: people.left.person.face, body: `Good morning, ${left}. How can I help?` });
            },
        }],
        look: ({ pane, stanza, sent, ...people }) => {
            if (!sent && said(stanza)) heard.add(pane, bare(stanza.getAttribute("from")));
            return people.met && heard.both(people);
        },
    };
};

const presence = () => {
    const seen = new Map();
    let changed = false;
    return {
        id: "presence",
        title: "Change how they are",
        needs: "met",
        text: ({ left, right, work, agent }, { paired }) =>
            paired
                ? words`${work} sees ${agent} plainly available, whatever ${agent} sets. ${agent} sees what ${work} sets. Agents see more of each other: choose an agent on both sides.`
                : words`${left} and ${right} are both agents, and see all of each other: available, busy, on break, work offline. A Work user sees either plainly available.`,
        actions: (_, { left, right }) =>
            [left, right].map((pane) => ({
                label: pane.firstName,
                row: STATUSES[pane.person.kind].map(([label, show]) => ({ label, run: () => pane.order("status", { show }) })),
            })),
        look: ({ pane, stanza, sent, left, right, met }) => {
            if (!met) seen.clear();
            if (!met || stanza?.localName !== "presence") return false;
            const other = pane === left ? right : left;
            changed ||= sent && Boolean(stanza.querySelector(":scope > show"));
            if (!sent && bare(stanza.getAttribute("from")) === other.person.face) {
                seen.set(pane, `${pane.firstName} sees ${other.firstName}: ${shown(stanza)}`);
            }
            return changed && [...seen.values()].join("\n");
        },
    };
};

const formatted = {
    id: "formatted",
    needs: "pair",
    title: "Send formatted text as the agent",
    text: ({ work, agent }) =>
        words`Many clients cannot show formatting. ${work} gets the plain text, with a link to a clean page that shows what ${agent} sent.`,
    actions: ({ agent }) => [{
        label: `Send a price list as ${agent}`,
        run: async (people) => { await people.agent.order("say", { jid: people.work.person.face, ...FORMATTED }); },
    }],
    look: ({ pane, stanza, sent, work, agent }) => {
        if (pane !== work || sent || !said(stanza)?.startsWith("Price list")) return false;
        const [link] = said(stanza).match(LINK) ?? [];
        return link ? `${work.firstName} got the text and a link:\n${link}` : `${work.firstName} got plain text.`;
    },
};

const file = {
    id: "file",
    needs: "pair",
    title: "Send a file to the agent",
    text: ({ work, agent }) =>
        words`Attach one with the paper clip on ${work}’s side. ${agent} gets a line of text with a link, never the file itself. Agents cannot send files.`,
    actions: ({ work }) => [{
        label: `Send a file as ${work}`,
        run: async (people) => {
            const content = "Opening hours\n\nMonday to Friday, 8 to 18\n";
            await people.work.order("file", { jid: people.agent.person.face, name: "opening hours.txt", type: "text/plain", content });
        },
    }],
    look: ({ pane, stanza, sent, agent, work, pair }) => {
        if (!pair || pane !== agent || sent || !LINK.test(said(stanza) ?? "")) return false;
        return bare(stanza.getAttribute("from")) === work.person.face && `${agent.firstName} got:\n${said(stanza)}`;
    },
};

const groupChat = {
    id: "group-chat",
    needs: "pair",
    title: "Invite the agent to a group chat",
    text: ({ work, agent }) => words`Agents chat with one person at a time. ${agent} never hears of it, and ${work} is told why.`,
    actions: ({ agent }) => [{
        label: `Invite ${agent}`,
        run: async (people) => {
            const { face } = people.agent.person;
            const room = `lunch@${people.work.person.rooms}`;
            await people.work.order("send", {
                xml: `<message xmlns="jabber:client" to="${face}" id="invitation-${Date.now()}"><x xmlns="${INVITATION}" jid="${room}" reason="Lunch?"/></message>`,
            });
        },
    }],
    look: ({ pane, stanza, sent, work, agent, pair }) => {
        const error = pair && pane === work && !sent && stanza?.localName === "message" && stanza.querySelector(":scope > error");
        if (!error || bare(stanza.getAttribute("from")) !== agent.person.face || !stanza.id.startsWith("invitation-")) return false;
        return `${work.firstName} is told: ${error.querySelector("text")?.textContent ?? error.firstElementChild.localName}`;
    },
};
