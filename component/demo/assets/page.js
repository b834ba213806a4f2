// Puts the two sides and the guide together. Who is logged in stands in the page's address, so that a reload keeps it.

import { guide } from "./guide.js";
import { Pane } from "./side-pane.js";

const setup = await (await fetch("/setup.json")).json();
document.querySelectorAll("[data-setup]").forEach((place) => {
    place.textContent = setup[place.dataset.setup];
});
const wanted = new URLSearchParams(location.search);

const panes = ["left", "right"].map((name, number) => {
    const kind = ["work", "agent"][number];
    const first = kind === "work" ? "Bob" : "Alice";
    const chosen =
        setup.people.find(({ account }) => account === wanted.get(name)) ??
        setup.people.find((person) => person.kind === kind && person.name.startsWith(first)) ??
        setup.people.find((person) => person.kind === kind) ??
        setup.people[0];
    return new Pane(document.getElementById(name), setup.side_ports[number], setup.people, chosen);
});

const remember = () => {
    const address = new URL(location.href);
    panes.forEach((pane) => {
        if (pane.state === "out") address.searchParams.delete(pane.place.id);
        else address.searchParams.set(pane.place.id, pane.person.account);
    });
    history.replaceState(null, "", address);
};

panes.filter(({ place }) => wanted.has(place.id)).forEach((pane) => pane.logIn());
panes.forEach((pane) => pane.addEventListener("state", remember));
guide(document.getElementById("steps"), panes, setup);
