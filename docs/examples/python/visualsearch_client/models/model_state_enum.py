from enum import StrEnum

class ModelStateEnum(StrEnum):
    ACTIVE = "active"
    CANDIDATE = "candidate"
    PREPARING = "preparing"
    READY = "ready"
    RETIRED = "retired"

    def __str__(self) -> str:
        return str(self.value)
