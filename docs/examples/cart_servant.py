"""``shop.ICart``: a cart of each user, filled by a binary client and shown in the user's browser."""

from stubs.shop import ICart, Item

from rtserver.user.msg_handler import Users
from rtserver.user.user_agent import UserAgent
from tcelib import RpcContext

MAX_ITEMS = 100


class CartServant(ICart):
    """Servant of all clients. Carts live as long as the server; a cart that should last belongs in a database."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._carts: dict[str, list[Item]] = {}

    def add(self, name: str, count: int, ctx: RpcContext) -> list[Item]:
        """Add an item. The caller sees an exception as an error without its text; the log has the text."""
        agent: UserAgent = ctx.user
        cart = self._carts.setdefault(str(agent.user.user_id), [])
        if len(cart) >= MAX_ITEMS:
            raise ValueError(f"the cart of {agent} is full")
        cart.append(Item(name, count))
        for each in self._users.get_users(agent.user.user_id):
            each.push_message({"items": len(cart)}, "cart")
        return cart
