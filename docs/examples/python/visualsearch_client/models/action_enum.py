from enum import StrEnum

class ActionEnum(StrEnum):
    CHANGE = "change"
    CREATE = "create"
    KEEP = "keep"
    REFUSE = "refuse"

    def __str__(self) -> str:
        return str(self.value)
