"""The errors that simcluster raises on purpose.

Every class can be rebuilt as ``type(error)(*error.args)``: SimPy does so when a process fails, and so does pickling
between the processes of a sweep.
"""


class SimclusterError(Exception):
    """Base of all errors that simcluster raises on purpose."""


class UserInputError(SimclusterError):
    """What the user wrote can't be simulated; the command line exits with status 2."""


class StuckError(SimclusterError):
    """The simulation can't go on, since everybody waits or a budget is spent; the command line exits with status 3.

    Parameters
    ----------
    message : str
        Who waits for what since when.
    result : object
        The result of what was simulated until then, marked as incomplete; None if no update was finished.
    """

    def __init__(self, message: str, result: object = None) -> None:
        super().__init__(message, result)
        self.result = result

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0])


class UnfinishedError(SimclusterError):
    """The work could not be finished: runs failed, or a disk is full; the command line exits with status 3."""


class ConservationError(SimclusterError):
    """A law that every run must obey was broken (bytes, or the seconds of a lane): a bug of simcluster."""
