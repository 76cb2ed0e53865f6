from tests.support.recording import follow_all

__all__ = ["follow_all"]
