"""``todo``: a list of each user, shown in all tabs of the user. Each tab has its own filter.

The module is one tab's part of the application; the handler holds what tabs share. A list lives as long as its user
has a tab open. A list that should last belongs in a database, and its reads and writes in ``async`` methods.
"""

from typing import Annotated, Any

import msgspec

from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError, Users
from rtserver.user.user_agent import UserAgent

TODO = "todo"
MAX_ITEMS = 100


class Add(msgspec.Struct, frozen=True, tag_field="op", tag="add"):
    """``{"op":"add","text":str}``: a new item."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Finish(msgspec.Struct, frozen=True, tag_field="op", tag="finish"):
    """``{"op":"finish","number":int}``: the item of that number is done."""

    number: int


class Show(msgspec.Struct, frozen=True, tag_field="op", tag="show"):
    """``{"op":"show","finished":bool}``: the tab's filter; true shows finished items, too."""

    finished: bool


class TodoList:
    """The list of one user. ``items`` are ``{"number", "text", "is_done"}``, the oldest first."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def add(self, text: str) -> None:
        """Add an item. Raises ``RequestError`` for a full list."""
        if len(self.items) >= MAX_ITEMS:
            raise RequestError(f"a list has at most {MAX_ITEMS} items", code="rate_limited")
        self.items.append({"number": len(self.items), "text": text, "is_done": False})

    def finish(self, number: int) -> None:
        """Mark an item as done. Raises ``RequestError`` for an unknown number."""
        if not 0 <= number < len(self.items):
            raise RequestError(f"there is no item {number}")
        self.items[number]["is_done"] = True


class TodoView(BaseUserAgentModule):
    """One tab's view of its user's list."""

    def __init__(self, agent: UserAgent) -> None:
        super().__init__(agent)
        self.shows_finished = False

    def push(self, todo: TodoList) -> None:
        """Send the list through the tab's filter."""
        items = [item for item in todo.items if self.shows_finished or not item["is_done"]]
        self.agent.push_message({"items": items}, TODO)


class TodoMsgHandler(BaseUserMsgHandler):
    """Keeps the lists, and updates every tab."""

    msg_type = TODO
    request = Add | Finish | Show

    def __init__(self, users: Users) -> None:
        super().__init__(users)
        self._lists: dict[str, TodoList] = {}

    def on_useragent_open(self, agent: UserAgent) -> None:
        """Send the list to a new tab."""
        view = agent.modules[TODO] = TodoView(agent)
        view.push(self._list_of(agent))

    def on_useragent_msg(self, agent: UserAgent, data: Add | Finish | Show) -> None:
        """Change the list and push it to all tabs of the user, which answers the request as well."""
        todo = self._list_of(agent)
        match data:
            case Add(text):
                todo.add(text)
            case Finish(number):
                todo.finish(number)
            case Show(finished):
                agent.modules[TODO].shows_finished = finished
                agent.modules[TODO].push(todo)
                return
        for each in self.users.get_users(agent.user.user_id):
            # A new tab may still wait for another handler's on_useragent_open, and has no view yet.
            if TODO in each.modules:
                each.modules[TODO].push(todo)

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """Drop the list with the user's last tab, so that memory stays bounded."""
        agent.modules.pop(TODO).on_remove()
        if not self.users.get_users(agent.user.user_id):
            self._lists.pop(str(agent.user.user_id), None)

    def _list_of(self, agent: UserAgent) -> TodoList:
        return self._lists.setdefault(str(agent.user.user_id), TodoList())
