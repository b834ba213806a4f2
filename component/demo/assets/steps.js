// What the guide suggests. `text` and `actions` get the names of the two people, `look` gets every stanza of either side.

const MAM = "urn:xmpp:mam:2";
const ROSTER = "jabber:iq:roster";
const INVITATION = "jabber:x:conference";
const FORMATTED = {
    body: "Price list\n\n* Standard: 12.50\n* Express: 19.00\n\nTerms: https://example.org/terms",
    xhtml:
        '<p style="color:#0b6f62"><strong>Price list</strong></p><ul><li>Standard: <em>12.50</em></li>' +
        '<li>Express: <em>19.00</em></li></ul><p><a href="https://example.org/terms">Terms</a></p>',
};
const LINK = /https?:\/\/(localhost|127\.0\.0\.1)\S+/; // of this bridge
const MANY = 35;
const PAUSE = 60; // milliseconds between many messages

export const steps = (setup) => [
    logIn,
    contacts,
    text,
    presence(),
    formatted,
    file,
    groupChat,
    history(setup),
];

const logIn = {
    id: "log-in",
    title: "Log in on both sides",
    text: ({ work, agent }, { paired }) =>
        paired
            ? words`${work} is a Work user, ${agent} a contact-centre agent. Each has an account that the other never sees, and a face: the address under which the other side knows them.`
            : words`Anybody can be on either side. The steps below want a Work user on one and an agent on the other.`,
    actions: (_, { panes, both }) =>
        both ? [] : [{
            label: `Log in ${panes.map((pane) => pane.firstName).join(" and ")}`,
            main: true,
            always: true,
            run: () => Promise.all(panes.map((pane) => pane.logIn())).then(() => ""),
        }],
    look: ({ both }) => both,
};

const contacts = {
    id: "contacts",
    title: "The contacts are there",
    text: ({ work, agent }) =>
        words`Nobody has added anybody. ${work} finds the agents in the list, ${agent} the colleagues. Open the chat by a click on a name, or here on both sides.`,
    actions: () => [{
        label: "Open the chat",
        run: ({ work, agent }) => both(work.order("open", { jid: agent.person.face }), agent.order("open", { jid: work.person.face })),
    }],
    look: ({ pane, stanza, sent, work, agent }) => {
        if (!stanza || sent || !first(stanza, ROSTER, "item")) return false;
        const other = pane === work ? agent : work;
        const items = [...stanza.getElementsByTagNameNS(ROSTER, "item")];
        return items.some((item) => item.getAttribute("jid") === other?.person.face);
    },
};

const text = {
    id: "text",
    title: "Write to each other",
    text: () => words`Type on either side. While one types, nothing shows on the other: agents are not told, nor is it told of them.`,
    actions: ({ work, agent }) => [{
        label: "Let them greet each other",
        run: async (people) => {
            const greeted = people.agent.hears(said);
            await people.work.order("say", { jid: people.agent.person.face, body: `Good morning, ${agent}!` });
            await greeted;
            await people.agent.order("say", { jid: people.work.person.face, body: `Good morning, ${work}. How can I help?` });
        },
    }],
    look: ({ pane, stanza, sent, work, agent, both }) => {
        if (!both || sent || !said(stanza)) return false;
        const from = bare(stanza.getAttribute("from"));
        return from === (pane === work ? agent : work).person.face;
    },
};

const presence = () => {
    const seen = { work: "", agent: "" };
    let changed = false;
    return {
        id: "presence",
        title: "Change how they are",
        text: ({ work, agent }) =>
            words`${work} sees an agent plainly available, whatever that agent sets. ${agent} sees what ${work} sets. Agents see more of each other: put a second agent on the left.`,
        actions: ({ work, agent }) => [
            {
                label: agent,
                row: [
                    status("agent", "Available"),
                    status("agent", "Busy", "dnd"),
                    status("agent", "On break", "away"),
                    status("agent", "Work offline", "xa"),
                ],
            },
            {
                label: work,
                row: [
                    status("work", "Available"),
                    status("work", "Away", "away"),
                    status("work", "Do not disturb", "dnd"),
                ],
            },
        ],
        look: ({ pane, stanza, sent, work, agent, both }) => {
            if (!both || stanza?.localName !== "presence") return false;
            const [role, own, other] = pane === work ? ["work", work, agent] : ["agent", agent, work];
            changed ||= sent && Boolean(stanza.querySelector(":scope > show"));
            if (!sent && bare(stanza.getAttribute("from")) === other.person.face) {
                seen[role] = `${own.firstName} sees ${other.firstName}: ${shown(stanza)}`;
            }
            return changed && [seen.work, seen.agent].filter(Boolean).join("\n");
        },
    };
};

const formatted = {
    id: "formatted",
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
    look: ({ pane, stanza, sent, agent, work, both }) => {
        if (!both || pane !== agent || sent || !LINK.test(said(stanza) ?? "")) return false;
        return bare(stanza.getAttribute("from")) === work.person.face && `${agent.firstName} got:\n${said(stanza)}`;
    },
};

const groupChat = {
    id: "group-chat",
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
    look: ({ pane, stanza, sent, work, agent, both }) => {
        const error = both && pane === work && !sent && stanza?.localName === "message" && stanza.querySelector(":scope > error");
        if (!error || bare(stanza.getAttribute("from")) !== agent.person.face || !stanza.id.startsWith("invitation-")) return false;
        return `${work.firstName} is told: ${error.querySelector("text")?.textContent ?? error.firstElementChild.localName}`;
    },
};

function history(setup) {
    let version = setup.version;
    let found = 0;
    return {
        id: "history",
        title: "See how far back an agent sees",
        text: ({ agent }) =>
            words`The organisation’s version decides: ${agent} finds the last 30 messages of a chat with a Work user in 9.9, all of them in 9.10. Everything is kept in either.`,
        actions: ({ work, agent }) => [
            {
                label: `Write ${MANY} messages as ${work}`,
                run: async (people) => {
                    for (let number = 1; number <= MANY; number += 1) {
                        await people.work.order("say", { jid: people.agent.person.face, body: `message ${number}` });
                        await new Promise((resolve) => setTimeout(resolve, PAUSE));
                    }
                    return `${work} wrote ${MANY} messages. Now look as ${agent}, under each version.`;
                },
            },
            {
                label: `Look as ${agent}:`,
                row: setup.versions.map((one) => ({
                    label: one,
                    pressed: one === version,
                    run: async (people) => {
                        version = await change(one);
                        await people.agent.logOut();
                        found = 0;
                        await people.agent.logIn();
                        await people.agent.order("open", { jid: people.work.person.face });
                    },
                })),
            },
        ],
        look: ({ pane, stanza, sent, work, agent, both }) => {
            const result = pane === agent && !sent && stanza && first(stanza, MAM, "result");
            const message = result && result.querySelector("forwarded > message");
            if (!both || !message || !message.querySelector(":scope > body")) return false;
            const ends = [message.getAttribute("from"), message.getAttribute("to")].map(bare);
            if (!ends.includes(work.person.face)) return false;
            found += 1;
            return `${agent.firstName}’s client found ${found} messages with ${work.firstName} (version ${version}).`;
        },
    };
}

async function change(version) {
    const answer = await fetch("/version", { method: "PUT", body: JSON.stringify({ version }) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).version;
}

function status(role, label, show) {
    return { label, run: async (people) => { await people[role].order("status", { show }); } };
}

function shown(stanza) {
    if (stanza.getAttribute("type") === "unavailable") return "gone";
    const show = stanza.querySelector(":scope > show")?.textContent;
    const name = { away: "away", dnd: "do not disturb", xa: "not available" }[show] ?? "available";
    const text = stanza.querySelector(":scope > status")?.textContent;
    return text ? `${name} (${text})` : name;
}

/** The text of a message that came just now: not an error, not from an archive. */
function said(stanza) {
    if (stanza?.localName !== "message" || stanza.getAttribute("type") === "error") return null;
    return stanza.querySelector(":scope > body")?.textContent ?? null;
}

function first(stanza, namespace, name) {
    return stanza.getElementsByTagNameNS(namespace, name)[0];
}

function bare(address) {
    return (address ?? "").split("/")[0];
}

async function both(...orders) {
    await Promise.all(orders);
}

function words(strings, ...people) {
    return strings.flatMap((string, index) => {
        if (people[index] === undefined) return [string];
        const name = document.createElement("b");
        name.textContent = people[index];
        return [string, name];
    });
}
