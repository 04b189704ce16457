from enum import StrEnum

class ImportStateEnum(StrEnum):
    CANCELLED = "cancelled"
    CHECKED = "checked"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    MAPPING = "mapping"
    RUNNING = "running"
    UNDOING = "undoing"
    UNDONE = "undone"

    def __str__(self) -> str:
        return str(self.value)
