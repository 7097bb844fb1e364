"""A stateful count on quixstreams: how many facts of each type its stream has, by key.

python counting.py BOOTSTRAP TOPIC RECORDS FOLDER COMMIT_EVERY

Its state lies in RocksDB under a folder and in a changelog topic, and is committed as often as
ours. Timed from the first record to the last commit; joining the group is not counted.
"""

import json
import sys
import uuid
from time import perf_counter, process_time
from typing import Any

from quixstreams import Application

began: list[tuple[float, float]] = []


def count(value: dict[str, object], state: Any) -> int:  # noqa: ANN401 - of a library that is not there
    if not began:
        began.append((perf_counter(), process_time()))
    known: int = state.get(value["type"], 0)
    state.set(value["type"], known + 1)
    return known + 1


def main(bootstrap: str, topic: str, records: int, folder: str, commit_every: int) -> None:
    application = Application(
        broker_address=bootstrap,
        consumer_group=f"bench-{uuid.uuid4().hex}",
        auto_offset_reset="earliest",
        state_dir=folder,
        commit_every=commit_every,
        loglevel="ERROR",
    )
    facts = application.topic(topic, value_deserializer="json", key_deserializer="bytes")
    application.dataframe(facts).apply(count, stateful=True)
    application.run(count=records)
    seconds, processor = perf_counter() - began[0][0], process_time() - began[0][1]
    told = {"seconds": seconds, "cpu_seconds": processor, "operations": records}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
