"""Calls that arrive while a commit runs share the next one; nobody waits for ever."""

from concurrent.futures import Future, ThreadPoolExecutor
from signal import SIGUSR1, pthread_kill, signal
from threading import Event, Thread, main_thread
from time import sleep

import pytest
from eventsourcing.persistence import OperationalError

from infra.ledger.commit import GroupCommit
from infra.ledger.port import LedgerClosedError, OutcomeUnknownError


class Commits:
    """Commits that stand still until they are let go, and may fail."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.begun = Event()
        self.go = Event()
        self.fails: dict[int, BaseException] = {}

    def __call__(self, items: list[int]) -> list[int]:
        self.begun.set()
        self.go.wait()
        self.done.append(items)
        for item in items:
            if item in self.fails:
                raise self.fails[item]
        return [item * 10 for item in items]


class Callers:
    """Threads that submit: the first holds the turn, the others wait behind it."""

    def __init__(self, group: GroupCommit[int, int], commits: Commits) -> None:
        self._group, self._commits, self._pool = group, commits, ThreadPoolExecutor(8)

    def submit(self, *items: int) -> list[Future[int]]:
        first = self._pool.submit(self._group.submit, items[0])
        self._commits.begun.wait()
        others = []
        for number, item in enumerate(items[1:], start=1):
            others.append(self._pool.submit(self._group.submit, item))
            while self._group.waiting < number:
                sleep(0.001)
        return [first, *others]


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def group(commits: Commits) -> GroupCommit[int, int]:
    return GroupCommit(commits)


@pytest.fixture
def callers(group: GroupCommit[int, int], commits: Commits) -> Callers:
    return Callers(group, commits)


def test_a_call_alone_commits_at_once_in_its_own_thread(
    group: GroupCommit[int, int], commits: Commits
) -> None:
    commits.go.set()

    assert [group.submit(1), group.submit(2)] == [10, 20]
    assert commits.done == [[1], [2]]


def test_calls_that_wait_share_one_commit_and_each_gets_its_own_answer(
    callers: Callers, commits: Commits
) -> None:
    futures = callers.submit(1, 2, 3, 4)
    commits.go.set()

    assert [future.result() for future in futures] == [10, 20, 30, 40]
    assert commits.done == [[1], [2, 3, 4]]


def test_when_nothing_was_written_the_next_commit_goes_on(
    callers: Callers, commits: Commits, group: GroupCommit[int, int]
) -> None:
    commits.fails[1] = OperationalError("the file is held")
    first, second = callers.submit(1, 2)
    commits.go.set()

    assert isinstance(first.exception(), OperationalError)
    assert second.result() == 20
    assert group.submit(3) == 30


def test_a_commit_that_dies_fails_who_was_in_it_who_waits_and_who_comes(
    callers: Callers, commits: Commits, group: GroupCommit[int, int]
) -> None:
    commits.fails[1] = OSError("the disk is gone")
    first, *waiting = callers.submit(1, 2, 3)
    commits.go.set()

    assert isinstance(first.exception(), LedgerClosedError)
    assert [type(future.exception()) for future in waiting] == [LedgerClosedError] * 2
    with pytest.raises(LedgerClosedError):
        group.submit(4)
    assert commits.done == [[1]]


def test_a_commit_of_which_nobody_knows_fails_who_was_in_it_and_the_group_goes_on(
    callers: Callers, commits: Commits, group: GroupCommit[int, int]
) -> None:
    commits.fails[1] = OutcomeUnknownError("the database is away")
    first, second = callers.submit(1, 2)
    commits.go.set()

    assert isinstance(first.exception(), OutcomeUnknownError)
    assert second.result() == 20
    assert group.submit(3) == 30


def test_all_who_share_a_commit_that_dies_are_told(callers: Callers, commits: Commits) -> None:
    commits.fails[2] = OSError("the disk is gone")
    first, *sharing = callers.submit(1, 2, 3)
    commits.go.set()

    assert first.result() == 10
    assert [type(future.exception()) for future in sharing] == [LedgerClosedError] * 2


def test_closing_lets_the_commit_under_way_finish_and_fails_who_waits(
    callers: Callers, commits: Commits, group: GroupCommit[int, int]
) -> None:
    first, second = callers.submit(1, 2)
    closing = Thread(target=group.close)
    closing.start()

    assert isinstance(second.exception(), LedgerClosedError)
    closing.join(0.05)
    assert closing.is_alive()
    assert not first.done()
    commits.go.set()
    closing.join()
    assert first.result() == 10


def test_an_interrupted_commit_ends_the_group_and_is_seen_by_its_own_thread(
    group: GroupCommit[int, int], commits: Commits
) -> None:
    commits.fails[1] = KeyboardInterrupt()
    commits.go.set()

    with pytest.raises(KeyboardInterrupt):
        group.submit(1)
    with pytest.raises(LedgerClosedError):
        group.submit(2)


class Interrupted(BaseException):
    pass


def interrupt(*_: object) -> None:
    raise Interrupted


def test_who_is_interrupted_while_waiting_leaves_and_holds_nobody_up(
    group: GroupCommit[int, int], callers: Callers, commits: Commits
) -> None:
    [first] = callers.submit(1)
    here = main_thread().ident

    def interrupt_the_second() -> None:
        while group.waiting < 1:
            sleep(0.001)
        pthread_kill(here or 0, SIGUSR1)

    before = signal(SIGUSR1, interrupt)
    other = Thread(target=interrupt_the_second)
    other.start()
    with pytest.raises(Interrupted):
        group.submit(2)
    other.join()
    signal(SIGUSR1, before)
    commits.go.set()

    assert first.result() == 10
    assert group.submit(3) == 30
    assert commits.done == [[1], [3]]
