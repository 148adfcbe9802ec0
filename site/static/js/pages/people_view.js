/** Shows who is online: a lit dot at each person that the page lists, and how many there are. */

export class PeopleView {
  #frame;
  #count;
  #people;

  /** @param {Document} page */
  constructor(page) {
    this.#frame = page.getElementById("people");
    this.#count = page.getElementById("people-count");
    this.#people = [...this.#frame.querySelectorAll("[data-user-id]")];
  }

  /** @param {ReadonlySet<string>} users the ids of who is online */
  show(users) {
    this.#frame.hidden = false;
    this.#count.textContent = String(users.size);
    for (const person of this.#people) {
      const isOnline = users.has(person.dataset.userId);
      person.dataset.presence = isOnline ? "online" : "offline";
      person.title = `${person.dataset.name} is ${person.dataset.presence}`;
      person.querySelector("[data-role='presence']").textContent = person.dataset.presence;
    }
  }

  /** Nobody tells this page who is online. */
  hide() {
    this.#frame.hidden = true;
  }
}
