// Small help with stanzas, and with what the steps say.

/** A presence in words. */
export function shown(stanza) {
    if (stanza.getAttribute("type") === "unavailable") return "gone";
    const show = stanza.querySelector(":scope > show")?.textContent;
    const name = { away: "away", dnd: "do not disturb", xa: "not available" }[show] ?? "available";
    const text = stanza.querySelector(":scope > status")?.textContent;
    return text ? `${name} (${text})` : name;
}

/** The text of a message that came just now: not an error, not from an archive. */
export function said(stanza) {
    if (stanza?.localName !== "message" || stanza.getAttribute("type") === "error") return null;
    return stanza.querySelector(":scope > body")?.textContent ?? null;
}

/** The first element of that name, however deep. */
export function first(stanza, namespace, name) {
    return stanza.getElementsByTagNameNS(namespace, name)[0];
}

export function bare(address) {
    return (address ?? "").split("/")[0];
}

export async function both(...orders) {
    await Promise.all(orders);
}

/** Text with names in bold: what a step's `text` gives. */
export function words(strings, ...people) {
    return strings.flatMap((string, index) => {
        if (people[index] === undefined) return [string];
        const name = document.createElement("b");
        name.textContent = people[index];
        return [string, name];
    });
}
