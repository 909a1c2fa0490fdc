"""What a person sees when the app answers late, wrongly, or not at all."""

from ..emulator import Emulator
from ..ledger import Delivery
from ..workspace import User


def show_failure(emulator: Emulator, user: User, what: str, delivery: Delivery) -> None:
    """The client's own error text, which no app can change."""
    if delivery.error is not None:
        text = f'{what} failed with the error "{delivery.error}"'
        emulator.workspace.notice(user.id, text, emulator.clock.now())
