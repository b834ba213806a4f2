// Finding people, and running commands.

import { first, words } from "./stanzas.js";

const SEARCH = "jabber:iq:search";
const COMMANDS = "http://jabber.org/protocol/commands";

export function people() {
    const field = document.createElement("input");
    Object.assign(field, { type: "search", value: "ca", ariaLabel: "Name, or its beginning" });
    return {
        id: "people",
        title: "Find people",
        needs: "two",
        text: () => words`However large an organisation is, everybody finds those they may see, and nobody else.`,
        actions: (_, { left, right }) => [
            {
                row: [
                    field,
                    ...[left, right].map((pane) => ({
                        label: `as ${pane.firstName}`,
                        possible: pane.ready,
                        run: () => find(pane, field.value),
                    })),
                ],
            },
        ],
        look: ({ stanza, sent }) => !sent && stanza?.localName === "iq" && Boolean(first(stanza, SEARCH, "query")),
    };
}

async function find(pane, name) {
    const given = new Option(name).innerHTML;
    const answers = await Promise.all(
        pane.person.searches.map((host) =>
            pane.order("ask", {
                xml: `<iq xmlns="jabber:client" type="set" to="${host}" id="search-${Date.now()}-${host}"><query xmlns="${SEARCH}"><nick>${given}</nick></query></iq>`,
            }),
        ),
    );
    const found = answers.flatMap((answer) => {
        const items = new DOMParser().parseFromString(answer, "text/xml").getElementsByTagNameNS(SEARCH, "item");
        return [...items].map((item) => `${item.querySelector("nick")?.textContent}, ${item.getAttribute("jid")}`);
    });
    return found.length ? `${pane.firstName} finds:\n${found.join("\n")}` : `${pane.firstName} finds nobody of that name.`;
}

export const services = {
    id: "services",
    title: "Run a command",
    needs: "two",
    text: () => words`What a chat alone cannot do, people do with commands, which most clients have: in Converse.js behind the cog wheel. Each sees those they may run.`,
    actions: (_, { left, right }) => [
        {
            row: [left, right].map((pane) => ({
                label: `Commands of ${pane.firstName}`,
                possible: pane.ready,
                run: () => pane.order("services", { jid: pane.person.service }),
            })),
        },
    ],
    look: ({ stanza, sent }) =>
        !sent && stanza?.getAttribute("type") === "result" && first(stanza, COMMANDS, "command")?.getAttribute("status") === "completed",
};
