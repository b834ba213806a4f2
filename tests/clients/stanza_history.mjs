// Reads an archive with the library stanza, and prints what it found as one line of JSON.
// node stanza_history.mjs JID PASSWORD WEBSOCKET-URL MAX [WITH]

import { createClient } from "stanza";

const [jid, password, url, max, peer] = process.argv.slice(2);

const client = createClient({ jid, password, resource: "stanza", transports: { websocket: url, bosh: false } });

const shown = (page) =>
    page.results.map((result) => ({
        id: result.id,
        body: result.item.message.body,
        from: result.item.message.from,
        to: result.item.message.to,
    }));

async function read(backwards) {
    const found = [];
    const paging = { max: Number(max), ...(backwards ? { before: "" } : {}) };
    for (;;) {
        const page = await client.searchHistory({ with: peer, paging });
        if (backwards) {
            found.unshift(...shown(page));
            paging.before = page.paging?.first;
        } else {
            found.push(...shown(page));
            paging.after = page.paging?.last;
        }
        if (page.complete) {
            return found;
        }
    }
}

client.on("session:started", async () => {
    const account = await client.getHistoryPreferences();
    console.log(
        JSON.stringify({ forwards: await read(false), backwards: await read(true), preferences: account.default }),
    );
    client.disconnect();
});
client.on("disconnected", () => process.exit());
setTimeout(() => process.exit(1), 20_000);
client.connect();
