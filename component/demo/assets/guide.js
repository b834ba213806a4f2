// The steps of "Try this". A step has words, buttons, and eyes: it looks at every stanza and says what came of it.

import { steps } from "./steps.js";

export function guide(list, panes, setup) {
    const drawn = steps(setup).map((step) => new Step(list, step));
    const draw = () => drawn.forEach((step) => step.draw(roles(panes)));

    for (const pane of panes) {
        pane.addEventListener("state", () => {
            draw();
            drawn.forEach((step) => step.look({ pane, ...roles(panes) }));
        });
        pane.addEventListener("stanza", ({ detail }) => {
            drawn.forEach((step) => step.look({ pane, ...detail, ...roles(panes) }));
        });
    }
    draw();
}

/** Who is where. Most steps want a Work user and an agent, some are for any two. */
function roles([left, right]) {
    const [work] = [left, right].filter(({ person }) => person.kind === "work");
    const [agent] = [left, right].filter(({ person }) => person.kind === "agent");
    const two = left.ready && right.ready;
    const people = { left, right, work, agent, two, paired: Boolean(work && agent) };
    return { ...people, met: two && !lacking("met", people), pair: two && !lacking("pair", people) };
}

/** What keeps a step from those who are chosen, whether logged in or not; nothing if it is for them. */
function lacking(needs, { left, right, agent, paired }) {
    if (needs === "pair" && !paired) return "For a Work user and an agent: choose one of each.";
    if (needs === "met" && !agent) return "Two Work users chat without the bridge: choose an agent on one side.";
    if (needs === "met" && left.person === right.person) return "For two people: choose somebody else on one side.";
    return "";
}

class Step {
    constructor(list, step) {
        this.step = step;
        list.append(document.querySelector("template#step").content.cloneNode(true));
        this.item = list.lastElementChild;
        this.item.dataset.step = step.id;
        this.item.querySelector("h3").textContent = step.title;
        this.output = this.item.querySelector("output");
    }

    draw(people) {
        this.people = people;
        const { step } = this;
        const lack = lacking(step.needs, people);
        this.item.querySelector(".text").replaceChildren(...(lack ? [lack] : step.text(names(people), people)));
        const rows = lack ? [] : step.actions(names(people), people);
        this.item.querySelector(".actions").replaceChildren(...rows.map((row) => this.row(row)));
    }

    row(action) {
        if (!action.row) return this.button(action);
        const row = document.createElement("div");
        row.className = "row";
        row.append(action.label ? span(action.label) : "", ...action.row.map((one) => this.button(one)));
        return row;
    }

    button(action) {
        if (action instanceof Element) return action;
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = action.label;
        button.classList.toggle("main", Boolean(action.main));
        if (action.pressed !== undefined) button.setAttribute("aria-pressed", action.pressed);
        button.disabled = !(action.possible ?? this.people[this.step.needs]);
        button.addEventListener("click", () => this.act(button, action));
        return button;
    }

    async act(button, action) {
        button.disabled = true;
        document.querySelector("li.current")?.classList.remove("current");
        this.item.classList.add("current");
        this.say("");
        try {
            const said = await action.run(this.people);
            if (said) this.say(said);
        } catch (problem) {
            this.say(problem.message, false);
        }
        this.draw(this.people);
    }

    look(event) {
        const seen = this.step.look?.(event);
        if (!seen) return;
        this.item.classList.add("done");
        if (typeof seen === "string") this.say(seen);
    }

    say(text, good = true) {
        this.output.replaceChildren(...linked(text));
        this.output.classList.toggle("bad", !good);
        if (text && this.item.matches(".current")) this.output.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
}

function names({ left, right, work, agent }) {
    return {
        left: left.firstName,
        right: right.firstName,
        work: work?.firstName,
        agent: agent?.firstName,
    };
}

/** Addresses on this computer become links. */
function linked(text) {
    return text.split(/(https?:\/\/(?:localhost|127\.0\.0\.1)[^\s]*)/).map((part, index) => {
        if (index % 2 === 0) return part;
        const link = document.createElement("a");
        Object.assign(link, { href: part, textContent: part, target: "_blank", rel: "noreferrer" });
        return link;
    });
}

function span(text) {
    const element = document.createElement("span");
    element.textContent = text;
    return element;
}
