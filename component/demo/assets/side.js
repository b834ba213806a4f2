// One side: Converse.js for the person that the page names in this frame's address. It tells the page what goes over
// the wire, and does what the page's buttons ask for. Every visit begins afresh, with what the archives have.

const [, name] = location.hash.match(/^#(.+)$/) ?? [];
const account = decodeURIComponent(name ?? "");
const setup = await (await fetch("/setup.json")).json();
const page = `http://${location.hostname}:${setup.page_port}`;
const tell = (news) => window.parent.postMessage(news, page);

// Converse.js's footer on the log-in form has pictures from elsewhere; who comes first defines an element.
customElements.define("converse-footer", class extends HTMLElement {});

// Nor does a browser put the cursor into a frame of another origin. It only complains when it is asked to.
const { importNode } = document;
document.importNode = (...all) => {
    const copy = importNode.apply(document, all);
    copy.querySelectorAll?.("[autofocus]").forEach((field) => field.removeAttribute("autofocus"));
    return copy;
};

sessionStorage.clear();
localStorage.clear();
await import("/converse/converse.min.js");

let html = null; // formatting of the next message

// ejabberd's uploads have two addresses: clients want the one with TLS, whose certificate no browser knows. So what
// comes to this one is given the other.
const { secure, plain } = setup.uploads;
function readdress(node, from, to) {
    if (node.nodeType === Node.TEXT_NODE) node.data = node.data.replaceAll(from, to);
    for (const attribute of node.attributes ?? []) attribute.value = attribute.value.replaceAll(from, to);
    node.childNodes.forEach((child) => readdress(child, from, to));
}

/** An element of Converse.js, which draws when it likes. */
const drawn = (selector) =>
    new Promise((resolve) => {
        const look = () => {
            const found = document.querySelector(selector);
            if (found) resolve(found);
            else requestAnimationFrame(look);
        };
        look();
    });

const commands = (api, profile, { env }) => ({
    async open({ jid }) {
        await api.chats.open(jid, {}, true);
    },

    // Not by api.user.status.set, which in Converse.js 14 makes "do not disturb" of "away".
    async status({ show }) {
        (await api.user.status.get(), profile()).save({ show });
    },

    async logout() {
        await api.user.logout();
    },

    async say({ jid, body, xhtml }) {
        const chat = await api.chats.open(jid, {}, true);
        html = xhtml ?? null;
        await chat.sendMessage({ body });
    },

    async file({ jid, name, type, content }) {
        const chat = await api.chats.open(jid, {}, true);
        await chat.sendFiles([new File([content], name, { type })]);
    },

    send({ xml }) {
        api.send(env.Strophe.xmlHtmlNode(xml).firstElementChild);
    },

    async ask({ xml }) {
        const answer = await api.sendIQ(env.Strophe.xmlHtmlNode(xml).firstElementChild, 10000, false);
        return answer?.outerHTML;
    },

    // Converse.js asks for commands at the address that somebody types; here is one to begin with.
    async services({ jid }) {
        await api.modal.show("converse-user-settings-modal");
        const field = await drawn("converse-adhoc-commands input[name=jid]");
        field.value = jid;
        field.form.requestSubmit();
    },
});

converse.plugins.add("deskbridge-demo", {
    dependencies: ["converse-chat"],
    initialize() {
        const { _converse } = this;
        const { api } = _converse;
        const can = commands(api, () => _converse.state.profile, converse);

        api.listen.on("connectionInitialized", () => {
            const connection = api.connection.get();
            connection.xmlInput = (stanza) => {
                tell({ kind: "stanza", sent: false, xml: stanza.outerHTML });
                readdress(stanza, secure, plain);
            };
            connection.xmlOutput = (stanza) => tell({ kind: "stanza", sent: true, xml: stanza.outerHTML });
        });
        // Converse.js 14 keeps the emoji that somebody often uses in the account, where agents may keep nothing.
        api.listen.on("userSessionInitialized", () => {
            _converse.state.popular_emojis = {
                applyPopularEmojisFromStanza() {},
                debouncedPublish: { flush() {} },
                getPopularEmojis: async () => ({}),
                recordUsage() {},
            };
        });
        // Converse.js 14 waits for ever for a block list where the server has none, before it opens a chat with somebody
        // who is no contact.
        api.listen.on("discoInitialized", async () => {
            const blocking = await api.disco.supports("urn:xmpp:blocking", _converse.session.get("domain"));
            if (!blocking) api.trigger("blocklistInitialized", new converse.env.Collection());
        });
        api.listen.on("chatBoxesFetched", () => tell({ kind: "state", state: "ready" }));
        api.listen.on("disconnected", () => tell({ kind: "state", state: "gone" }));
        api.listen.on("createMessageStanza", (_chat, data) => {
            if (data.stanza) readdress(data.stanza.tree(), plain, secure);
            if (html && data.stanza) {
                const body = new DOMParser().parseFromString(
                    `<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">${html}</body></html>`,
                    "text/xml",
                );
                data.stanza.tree().append(document.importNode(body.documentElement, true));
                html = null;
            }
            return data;
        });

        window.addEventListener("message", async ({ origin, data }) => {
            if (origin !== page || !Object.hasOwn(can, data.do)) return;
            try {
                tell({ kind: "done", id: data.id, answer: await can[data.do](data) });
            } catch (error) {
                tell({ kind: "done", id: data.id, problem: String(error?.message ?? error) });
            }
        });
    },
});

converse.initialize({
    allow_bookmarks: false,
    allow_logout: false,
    allow_registration: false,
    allow_user_trust_override: "off",
    allowed_audio_domains: [location.hostname, "127.0.0.1"],
    allowed_image_domains: [location.hostname, "127.0.0.1"],
    allowed_video_domains: [location.hostname, "127.0.0.1"],
    archived_messages_page_size: 50,
    assets_path: "/converse/",
    authentication: "login",
    auto_focus: false,
    auto_login: true,
    auto_reconnect: true,
    autocomplete_providers_url: "",
    blacklisted_plugins: ["converse-bookmarks", "converse-omemo", "converse-omemo-views", "converse-register"],
    dark_theme: "dracula",
    discover_connection_methods: false,
    enable_smacks: false,
    i18n: "en",
    jid: account,
    keepalive: false,
    loglevel: "error",
    muc_search_service: "",
    omemo_default: false,
    password: setup.password,
    persistent_store: "sessionStorage",
    play_sounds: false,
    providers_link: "",
    show_client_info: false,
    show_desktop_notifications: false,
    show_self_in_roster: false,
    show_tab_notifications: false,
    theme: "classic",
    view_mode: "fullscreen",
    visible_toolbar_buttons: { call: false, clear: false, emoji: true, location: false, spoiler: false },
    websocket_url: `ws://${location.hostname}:${setup.websocket_port}/ws`,
    whitelisted_plugins: ["deskbridge-demo"],
    xmpp_providers_url: "",
});
