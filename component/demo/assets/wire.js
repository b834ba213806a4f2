// What goes over the wire of one side, for people to read.

const KEPT = 60;

/** The list in `details`; returns what to call with each stanza. */
export function wire(details) {
    const list = details.querySelector("ol");
    const count = details.querySelector(".count");
    const requests = details.querySelector(".requests");
    let shown = [];

    const draw = () => {
        const wanted = shown.filter(({ stanza }) => requests.checked || stanza.localName !== "iq");
        count.textContent = wanted.length ? `(${wanted.length})` : "";
        if (details.open) list.replaceChildren(...wanted.map(entry).reverse());
    };
    details.addEventListener("toggle", draw);
    requests.addEventListener("change", draw);

    return {
        add(stanza, sent) {
            shown = [...shown, { stanza, sent }].slice(-KEPT);
            draw();
        },
        clear() {
            shown = [];
            draw();
        },
    };
}

function entry({ stanza, sent }) {
    const item = document.createElement("li");
    item.classList.toggle("sent", sent);
    item.classList.toggle("error", stanza.getAttribute("type") === "error");
    const text = document.createElement("pre");
    text.textContent = pretty(stanza);
    item.append(text);
    return item;
}

/** One element a line, text beside its element. */
function pretty(element, indent = "") {
    const attributes = [...element.attributes].map(({ name, value }) => ` ${name}="${value}"`).join("");
    const start = `${indent}<${element.tagName}${attributes}`;
    if (!element.childNodes.length) return `${start}/>`;
    if (!element.children.length) return `${start}>${element.textContent}</${element.tagName}>`;
    const inside = [...element.childNodes].map((node) =>
        node.nodeType === Node.ELEMENT_NODE ? pretty(node, `${indent}  `) : `${indent}  ${node.textContent}`,
    );
    return [`${start}>`, ...inside, `${indent}</${element.tagName}>`].join("\n");
}
