// How far back an agent sees.

import { bare, first, words } from "./stanzas.js";

const MAM = "urn:xmpp:mam:2";
const MANY = 35;
const PAUSE = 60; // milliseconds between many messages

export function history(setup) {
    let version = setup.version;
    let found = NaN; // messages since somebody looked
    return {
        id: "history",
        needs: "pair",
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
        look: ({ pane, stanza, sent, work, agent, pair }) => {
            const result = pane === agent && !sent && stanza && first(stanza, MAM, "result");
            const message = result && result.querySelector("forwarded > message");
            if (!pair || !message || !message.querySelector(":scope > body")) return false;
            const ends = [message.getAttribute("from"), message.getAttribute("to")].map(bare);
            if (!ends.includes(work.person.face)) return false;
            found += 1;
            return found > 0 && `${agent.firstName}’s client found ${found} messages with ${work.firstName} (version ${version}).`;
        },
    };
}

async function change(version) {
    const answer = await fetch("/version", { method: "PUT", body: JSON.stringify({ version }) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).version;
}
