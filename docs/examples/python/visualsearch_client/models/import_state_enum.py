from enum import StrEnum

class ImportStateEnum(StrEnum):
    CANCELLED = "cancelled"
    CHECKED = "checked"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    RUNNING = "running"

    def __str__(self) -> str:
        return str(self.value)
