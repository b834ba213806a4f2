// Waits, with the library stanza, for one formatted message, and prints it as one line of JSON.
// node stanza_formatted.mjs JID PASSWORD WEBSOCKET-URL SERVICE
// Its html is what is left after the library's own clean-up.

import { createClient } from "stanza";

const [jid, password, url, service] = process.argv.slice(2);

const client = createClient({ jid, password, resource: "stanza", transports: { websocket: url, bosh: false } });

// Text as it is, elements as [name, attributes, children].
const shown = (node) =>
    typeof node === "string" ? node : [node.name, node.attributes, (node.children ?? []).map(shown)];

client.on("session:started", () => client.sendPresence());
client.on("available", (presence) => presence.from.startsWith(service) && console.log("ready"));
client.on("message", (message) => {
    if (message.html) {
        console.log(JSON.stringify({ body: message.body, html: shown(message.html.body) }));
        client.disconnect();
    }
});
client.on("disconnected", () => process.exit());
setTimeout(() => process.exit(1), 20_000);
client.connect();
