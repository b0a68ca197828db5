"""Every bad file is refused, quickly, with all its problems at their lines and in words that help."""

from __future__ import annotations

import re
import time
from typing import NamedTuple

import pytest

from simcluster.scenario import ScenarioError, load
from tests.scenario.template import BASE


class Bad(NamedTuple):
    title: str
    old: str  # what is replaced in BASE; empty replaces it all
    new: str
    expected: list[tuple[int, str, str]]  # line, field, and a part of the report


def whole(title: str, text: str, *expected: tuple[int, str, str]) -> Bad:
    return Bad(title, "", text, list(expected))


def bad(title: str, old: str, new: str, *expected: tuple[int, str, str]) -> Bad:
    assert BASE.count(old) == 1, old
    return Bad(title, old, new, list(expected))


BANDWIDTH = "bandwidth: 1 Gbit/s"
TIME = "minibatch_time: 0.5 s"
WORKERS = "workers: 4"
MODEL = "model: {parameters: 100 MB}"
CODEC = "codec: none"

WORDS = [
    bad("misspelt key", BANDWIDTH, "bandwith: 1 Gbit/s", (8, "network.bandwidth", "missing key 'bandwidth'"),
        (9, "network.bandwith", "did you mean 'bandwidth'?")),
    bad("misspelt section", "cluster:", "clutser:", (1, "cluster", "missing key 'cluster'"),
        (6, "clutser", "did you mean 'cluster'?")),
    bad("key in the wrong case", "minibatch: 64", "Minibatch: 64", (3, "compute.minibatch", "missing key"),
        (5, "compute.Minibatch", "did you mean 'minibatch'?")),
    bad("key of another section", "seed: 1", "workers: 4", (16, "workers", "'workers' belongs to 'cluster'")),
    bad("key of another section, nested", "updates: 3", "codec: gzip",
        (13, "training.codec", "'codec' belongs to 'compression'")),
    bad("key of a nested section", WORKERS, "workers: 4\n  aggregation_rate: 1 GB/s",
        (8, "cluster.aggregation_rate", "'aggregation_rate' belongs to 'cluster.server'")),
    bad("top key in a section", "updates: 3", "seed: 3", (13, "training.seed", "belongs to the top of the file")),
    bad("key like no other", "updates: 3", "zzz: 3",
        (13, "training.zzz", "known here: scheme, updates, local_iterations, pull")),
    bad("unknown model", MODEL, "model: alexnet-cafe", (2, "model", "did you mean 'alexnet-caffe'?")),
    bad("unknown model, profile", MODEL, "model: {profile: alexnet-cafe, parameters: 1 MB}",
        (2, "model.profile", "did you mean 'alexnet-caffe'?")),
    bad("unknown codec", CODEC, "codec: gzipp", (15, "compression.codec", "did you mean 'gzip'?")),
    bad("unknown network", "network:\n  bandwidth: 1 Gbit/s\n  latency: 100 us", "network: gigabit-ethernt",
        (8, "network", "did you mean 'gigabit-ethernet'?")),
    bad("unknown device", TIME, "device: gtx-9700",
        (4, "compute.device", "no such device in the catalogue (did you mean 'gtx-970'?)")),
    bad("device without a model", TIME, "device: gtx-970", (4, "compute.device", "a device needs a model")),
    bad("unknown scheme", "scheme: sync-ps", "scheme: sink-ps", (12, "training.scheme", "did you mean 'sync-ps'?")),
    bad("unknown topology", BANDWIDTH, "topology: tree", (9, "network.topology", "known: shared-link, star")),
    bad("unknown word", "updates: 3", "pull: unicats", (13, "training.pull", "did you mean 'unicast'?")),
    bad("setting of another scheme", "scheme: sync-ps", "scheme: async-ps\n  pull: free",
        (13, "training.pull", "no effect with scheme 'async-ps'; 'sync-ps' takes it")),
    bad("setting of another topology", "latency: 100 us", "ports: 4",
        (10, "network.ports", "no effect with topology 'shared-link'; 'star' takes it")),
]  # fmt: skip

VALUES = [
    bad("bits for bytes", "100 MB", "100 Mb", (2, "model.parameters", "counts bits, and a size is in bytes; expected a "
        "size, such as '232.6 MiB' (did you mean 'MB'?)")),
    bad("Ms for ms", "0.5 s", "0.5 Ms", (4, "compute.minibatch_time", "unknown unit 'Ms'; expected a duration, such as "
        "'0.45 s' (did you mean 'ms'?")),
    bad("misspelt unit", "1 Gbit/s", "1 Gbitt/s", (9, "network.bandwidth", "'1 Gbitt/s': unknown unit 'Gbitt/s'; "
        "expected a rate, such as '1 Gbit/s' (did you mean 'Gbit/s'?)")),
    bad("size for a rate", "1 Gbit/s", "1 Gbit", (9, "network.bandwidth", "did you mean 'Gbit/s'?")),
    bad("Gbps", "1 Gbit/s", "1 Gbps", (9, "network.bandwidth", "did you mean 'Gbit/s'?")),
    bad("rate for a size", "100 MB", "100 MB/s", (2, "model.parameters", "'MB/s' is a unit of rate")),
    bad("time for a rate", "1 Gbit/s", "1 s", (9, "network.bandwidth", "'s' is a unit of duration")),
    bad("seconds spelled out", "0.5 s", "0.5 seconds", (4, "compute.minibatch_time", "did you mean 's'?")),
    bad("no unit", "0.5 s", "0.5", (4, "compute.minibatch_time", "0.5: the unit is missing")),
    bad("no unit, whole", "100 MB", "100", (2, "model.parameters", "100: the unit is missing")),
    bad("no unit, zero", "100 us", "0", (10, "network.latency", "0: the unit is missing")),
    bad("no unit, quoted", "100 us", "'100'", (10, "network.latency", "the unit is missing")),
    bad("only a unit", "100 us", "us", (10, "network.latency", "expected a duration with its unit")),
    bad("nan", "1 Gbit/s", "nan", (9, "network.bandwidth", "'nan': expected a rate with its unit")),
    bad("nan with a unit", "1 Gbit/s", "nan Gbit/s", (9, "network.bandwidth", "expected a rate with its unit")),
    bad("nan of YAML", "1 Gbit/s", ".nan", (9, "network.bandwidth", "expected a rate with its unit")),
    bad("inf", "0.5 s", "inf s", (4, "compute.minibatch_time", "expected a duration with its unit")),
    bad("inf by exponent", "0.5 s", "1e999 s", (4, "compute.minibatch_time", "expected a finite duration")),
    bad("inf by long exponent", "0.5 s", "1e99999999 s", (4, "compute.minibatch_time", "expected a finite duration")),
    bad("negative bandwidth", "1 Gbit/s", "-1 Gbit/s", (9, "network.bandwidth", "must be greater than 0")),
    bad("zero bandwidth", "1 Gbit/s", "0 Gbit/s", (9, "network.bandwidth", "must be greater than 0")),
    bad("zero by underflow", "1 Gbit/s", "1e-400 bit/s", (9, "network.bandwidth", "must be greater than 0")),
    bad("negative latency", "100 us", "-1 us", (10, "network.latency", "must be at least 0")),
    bad("no parameters at all", "100 MB", "0 MB", (2, "model.parameters", "must be greater than 0")),
    bad("base 60", "0.5 s", "10:30", (4, "compute.minibatch_time", "'10:30': expected a duration with its unit")),
    bad("thousands", "0.5 s", "1,000 s", (4, "compute.minibatch_time", "expected a duration with its unit")),
    bad("true for a quantity", "1 Gbit/s", "true", (9, "network.bandwidth", "true: expected a rate with its unit")),
    bad("list for a quantity", "1 Gbit/s", "[1 Gbit/s]", (9, "network.bandwidth", "a list: expected a rate")),
    bad("empty quantity", "1 Gbit/s", "", (9, "network.bandwidth", "an empty value: expected a rate")),
    bad("true for a count", WORKERS, "workers: true", (7, "cluster.workers", "true: expected a whole number")),
    bad("quoted count", WORKERS, 'workers: "8"', (7, "cluster.workers", "'8': expected a whole number (remove the "
        "quotes)")),
    bad("float for a count", WORKERS, "workers: 8.5", (7, "cluster.workers", "8.5: expected a whole number")),
    bad("exponent for a count", WORKERS, "workers: 1e3", (7, "cluster.workers", "write 1000")),
    bad("huge count", WORKERS, "workers: 1e9", (7, "cluster.workers", "expected a whole number (write 1000000000)")),
    bad("count with underscores", WORKERS, "workers: 1_000", (7, "cluster.workers", "write 1000")),
    bad("octal count", WORKERS, "workers: 010", (7, "cluster.workers", "'010': expected a whole number (write 10)")),
    bad("hexadecimal count", WORKERS, "workers: 0x10", (7, "cluster.workers", "'0x10': expected a whole number")),
    bad("no workers", WORKERS, "workers: 0", (7, "cluster.workers", "0: must be at least 1")),
    bad("negative workers", WORKERS, "workers: -1", (7, "cluster.workers", "-1: must be at least 1")),
    bad("too many workers", WORKERS, "workers: 1000001", (7, "cluster.workers", "must be at most 1000000")),
    bad("too many workers in all", WORKERS, "groups: [{count: 1000000}, {count: 1}]",
        (7, "cluster.groups", "more than 1000000 workers in all")),
    bad("too many digits", WORKERS, f"workers: {'9' * 41}", (7, "cluster.workers", "more than 40 characters")),
    bad("a number out of range", WORKERS, "workers: 1e400", (7, "cluster.workers", "too large")),
    bad("too many updates", "updates: 3", "updates: 10000001", (13, "training.updates", "at most 10000000")),
    bad("range in a plain setting", WORKERS, "workers: 1..25",
        (7, "cluster.workers", "'1..25': expected a whole number (ranges belong")),
    bad("negative seed", "seed: 1", "seed: -1", (16, "seed", "-1: must be at least 0")),
    bad("huge seed", "seed: 1", f"seed: {2**63}", (16, "seed", "must be at most 9223372036854775807")),
    bad("text for a seed", "seed: 1", "seed: abc", (16, "seed", "'abc': expected a whole number")),
    bad("number for a name", "name: base", "name: 7", (1, "name", "7: expected a text (put it in quotes)")),
    bad("path for a name", "name: base", "name: ../../etc/passwd", (1, "name", "expected a name")),
    bad("formula for a name", "name: base", "name: '=1+1'", (1, "name", "expected a name")),
    bad("markup for a name", "name: base", "name: '<b>x'", (1, "name", "expected a name")),
    bad("hidden name", "name: base", "name: .hidden", (1, "name", "expected a name")),
    bad("name of two lines", "name: base", 'name: "a\\nb"', (1, "name", "expected a name")),
    bad("empty name", "name: base", "name: ''", (1, "name", "expected a name")),
    bad("long name", "name: base", f"name: {'n' * 101}", (1, "name", "nnn...': expected a name")),
    bad("scalar for a section", "network:\n  bandwidth: 1 Gbit/s\n  latency: 100 us", "network: 7",
        (8, "network", "7: expected a name of the catalogue, or a mapping")),
    bad("list for a section", "compute:\n  minibatch_time: 0.5 s\n  minibatch: 64", "compute: [1]",
        (3, "compute", "a list: expected a mapping with the keys minibatch_time")),
    bad("empty section", "cluster:\n  workers: 4", "cluster:", (6, "cluster", "an empty value: expected a mapping")),
    bad("yes for true", CODEC, "codec: {ratio: 2, expands: yes}",
        (15, "compression.codec.expands", "'yes': expected true or false (write true)")),
]  # fmt: skip

TOGETHER = [
    bad("missing key", "minibatch: 64", "scaling: weak",
        (3, "compute.minibatch", "missing key 'minibatch' (Samples of one minibatch (B))")),
    bad("missing section", "network:\n  bandwidth: 1 Gbit/s\n  latency: 100 us\n", "",
        (1, "network", "missing key 'network' (for example {bandwidth: 1 Gbit/s})")),
    bad("neither workers nor groups", WORKERS, "price: 1", (6, "cluster", "missing key 'workers'")),
    bad("workers and groups", WORKERS, "workers: 4\n  groups: [{count: 1}]",
        (7, "cluster.workers", "exactly one of workers and groups")),
    bad("group without a count", WORKERS, "groups:\n    - {count: 1}\n    - {speed: 2}",
        (9, "cluster.groups.1.count", "missing key 'count'")),
    bad("bad values in all groups", WORKERS, "groups:\n    - {count: 0}\n    - {count: 0}",
        (8, "cluster.groups.0.count", "at least 1"), (9, "cluster.groups.1.count", "at least 1")),
    bad("bad value in a group", WORKERS, "groups:\n    - {count: 1}\n    - {count: 2, speed: 0}",
        (9, "cluster.groups.1.speed", "0: must be greater than 0")),
    bad("no group", WORKERS, "groups: []", (7, "cluster.groups", "a list of at least 1")),
    bad("rho and ratio", CODEC, "codec: {rho: 0.5, ratio: 2}", (15, "compression.codec", "exactly one of rho")),
    bad("neither rho nor ratio", CODEC, "codec: {compress_time: 1 s}", (15, "compression.codec", "exactly one of rho")),
    bad("time and rate", CODEC, "codec: {rho: 0.5, compress_time: 1 s, compress_rate: 1 MB/s}",
        (15, "compression.codec", "at most one of compress_time and compress_rate")),
    bad("expanding codec", CODEC, "codec: {rho: 1.5}", (15, "compression.codec", "'expands: true'")),
    bad("homomorphic gzip", CODEC, "codec: gzip\n  usage: homomorphic",
        (16, "compression.usage", "what 'gzip' compressed can't be averaged")),
    bad("homomorphic gzip, amended", CODEC, "codec: {profile: gzip, rho: 0.5}\n  usage: homomorphic",
        (16, "compression.usage", "what 'gzip' compressed can't be averaged")),
    bad("overhead of the ideal", CODEC, "codec: {rho: 0.5}\n  usage: one-time\n  operation_overhead: 1.5",
        (17, "compression.operation_overhead", "one-time is the ideal without overhead")),
    bad("overhead of an unknown operation", CODEC,
        "codec: {rho: 0.5}\n  usage: homomorphic\n  operation_overhead: {gem: 1.5}",
        (17, "compression.operation_overhead.gem", "no share of operation 'gem' (give model.operation_shares)")),
    bad("overhead of zero", CODEC, "codec: {rho: 0.5}\n  usage: homomorphic\n  operation_overhead: 0",
        (17, "compression.operation_overhead", "must be greater than 0")),
    bad("shares above one", MODEL, "model: {parameters: 1 MB, operation_shares: {gemm: 0.9, pooling: 0.2}}",
        (2, "model.operation_shares", "add up to more than 1")),
    bad("layers that don't add up", MODEL, "model:\n  parameters: 3 MB\n  layers:\n    - {name: a, parameters: 1 MB}",
        (3, "model.parameters", "'3 MB': differs from the sum of the layers")),
    bad("layers of one name", MODEL,
        "model:\n  layers:\n    - {name: a, parameters: 1 MB}\n    - {name: a, parameters: 1 MB}",
        (3, "model.layers", "two layers are called 'a'")),
    bad("model of nothing", MODEL, "model: {name: x}", (2, "model", "missing key 'parameters'")),
    bad("exponential cv", "minibatch: 64", "minibatch: 64\n  jitter: {distribution: exponential, cv: 0.5}",
        (6, "compute.jitter.cv", "0.5: an exponential distribution has a cv of 1")),
    bad("uniform cv", "minibatch: 64", "minibatch: 64\n  jitter: {distribution: uniform, cv: 0.6}",
        (6, "compute.jitter.cv", "at most 0.577")),
    bad("negative cv", "minibatch: 64", "minibatch: 64\n  jitter: {cv: -0.1}",
        (6, "compute.jitter.cv", "must be at least 0")),
    bad("no cv", "minibatch: 64", "minibatch: 64\n  jitter: {distribution: gamma}",
        (6, "compute.jitter", "missing key 'cv'")),
    bad("everything at once", BASE[BASE.index("compute"):],
        "compute: {minibatch_time: 1 parsec, minibatch: 0}\ncluster: {workers: x}\nnetwork: {}\nsedd: 3\n",
        (3, "compute.minibatch_time", "unknown unit 'parsec'"), (3, "compute.minibatch", "at least 1"),
        (4, "cluster.workers", "expected a whole number"), (5, "network.bandwidth", "missing key"),
        (6, "sedd", "did you mean 'seed'?")),
    bad("unselected preset", "seed: 1", "presets:\n  fast:\n    network: {bandwith: 10 Gbit/s}",
        (18, "network.bandwith", "did you mean 'bandwidth'?")),
    bad("preset of nothing", "seed: 1", "presets: {fast: 10}", (16, "presets.fast", "10: expected a mapping")),
    bad("presets without names", "seed: 1", "presets: [a]", (16, "presets", "expected a mapping of names")),
    bad("preset in a preset", "seed: 1", "presets: {a: {presets: {}}}", (16, "presets.a.presets", "not possible")),
]  # fmt: skip

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

YAML = [
    whole("empty file", "", (1, "", "nothing in it")),
    whole("only a comment", "# nothing\n", (1, "", "nothing in it")),
    whole("list", "- a\n", (1, "", "expected a mapping of sections")),
    whole("scalar", "hello\n", (1, "", "expected a mapping of sections")),
    bad("duplicate key", "  minibatch: 64", "  minibatch: 64\n  minibatch: 65",
        (6, "compute.minibatch", "was given before (first in line 5)")),
    bad("duplicate section", "seed: 1", "seed: 1\nseed: 2", (17, "seed", "was given before (first in line 16)")),
    bad("duplicate quoted key", "seed: 1", 'seed: 1\n"seed": 2', (17, "seed", "was given before (first in line 16)")),
    bad("python tag", "seed: 1", "seed: !!python/object/apply:os.system ['true']",
        (16, "seed", "tags are not taken")),
    bad("string tag", "name: base", "name: !!str base", (1, "name", "tags are not taken")),
    bad("bare tag", "name: base", "name: ! base", (1, "name", "tags are not taken")),
    bad("merge key", "  minibatch: 64", "  minibatch: 64\n  <<: {scaling: weak}",
        (6, "", "merge keys are not taken")),
    bad("unknown alias", WORKERS, "workers: *four", (7, "", "the alias 'four' stands for nothing")),
    bad("alias to itself", WORKERS, "groups: &g [*g]", (7, "", "the alias 'g' stands for nothing")),
    whole("alias bomb", BOMB, (5, "", "more than 25000 values")),
    whole("many aliases", "x: &x 1\ny: [" + ", ".join(["*x"] * 1001) + "]\n", (2, "", "more than 1000 aliases")),
    whole("deep flow", "a: " + "[" * 4000 + "]" * 4000, (1, "", "nested more than 32 deep")),
    whole("deep block", "".join(f"{' ' * depth}a:\n" for depth in range(200)), (33, "", "nested more than 32 deep")),
    whole("brackets", "[" * (512 * 1024), (1, "", "more than 10000 characters")),
    whole("brackets in lines", "[\n" * (256 * 1024), (33, "", "nested more than 32 deep")),
    whole("a megabyte", "#" + "x\n#" * 2**20, (0, "", "larger than 512 KiB")),
    whole("too many values", "a:\n" + "- 1\n" * 26_000, (24_999, "", "more than 25000 values")),
    whole("too many keys", "".join(f"k{number}: 1\n" for number in range(1001)), (1001, "", "more than 1000 keys")),
    whole("NUL after old line ends", "name: a\r\x00\r", (2, "", "U+0000 is not allowed")),
    whole("a long line", "name: " + "x" * 10_001, (1, "", "a line of more than 10000 characters")),
    whole("a long key", "k" * 900 + ": 1", (1, "", "a key has 1 to 200 characters")),
    bad("two documents", "cluster:", "---\ncluster:", (6, "", "a second document begins here")),
    whole("directive", "%YAML 1.1\n---\nname: x\n", (1, "", "directives are not taken")),
    whole("directive out of range", f"%YAML {'9' * 5000}.1\n---\nname: x\n", (1, "", "not valid YAML")),
    whole("escape out of range", 'name: "\\U00110000"\n', (1, "", "not valid YAML")),
    bad("half a letter", "name: base", 'name: "\\ud800"', (1, "", "U+D800 is not allowed")),
    bad("escape for a terminal", "name: base", 'description: "\\e[2J"', (1, "", "U+001B is not allowed")),
    whole("raw escape", "name: \x1b[2J\n", (1, "", "U+001B is not allowed")),
    whole("NUL", "name: a\n\x00\n", (2, "", "U+0000 is not allowed")),
    whole("letters reordered", "name: a\ndescription: \u202eabc\n", (2, "", "U+202E is not allowed")),
    whole("line separator", "name: a\u2028b\n", (1, "", "U+2028 is not allowed")),
    bad("tab", "  minibatch: 64", "\tminibatch: 64", (5, "", "indent with spaces")),
    bad("bad indentation", "  minibatch: 64", "   minibatch: 64", (5, "", "not valid YAML")),
    bad("colon in a text", "name: base", "name: a: b", (1, "", "needs quotes")),
    bad("unclosed bracket", "100 MB}", "100 MB", (3, "", "not valid YAML")),
    bad("unclosed quote", "name: base", "name: 'base", (1, "", "never closed")),
    whole("mapping for a key", "{a: 1}: 2\n", (1, "", "can't be a key")),
    whole("alias for a key", "a: &x b\n*x : 1\n", (2, "", "an alias can't be a key")),
    whole("null for a key", "? \n: 1\n", (1, "", "a key has 1 to 200 characters")),
]  # fmt: skip


@pytest.mark.parametrize("case", [*WORDS, *VALUES, *TOGETHER, *YAML], ids=lambda case: case.title)
def test_a_bad_file_is_refused_where_it_is_bad(case, write, registry):
    path = write(BASE.replace(case.old, case.new) if case.old else case.new)
    start = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        load(path, registry)
    assert time.process_time() - start < 1
    problems = caught.value.problems
    assert [(problem.place.line, problem.field) for problem in problems] == [case[:2] for case in case.expected]
    for problem, (_, _, words) in zip(problems, case.expected, strict=True):
        assert words in str(problem)
        assert not re.search(r"https?:|[Ii]nput should|pydantic|validation error", str(problem))


NOT_UTF8 = [
    ("latin-1", "name: caf\xe9\n".encode("latin-1"), 1),
    ("UTF-16", "name: x\n".encode("utf-16"), 1),
    ("a broken letter in line 3", b"name: x\nseed: 1\n# \xc3\x28\n", 3),
    ("overlong NUL", b"name: \xc0\x80\n", 1),
]


@pytest.mark.parametrize(("content", "line"), [case[1:] for case in NOT_UTF8], ids=[case[0] for case in NOT_UTF8])
def test_text_that_is_not_utf8_is_refused(content, line, write, registry):
    with pytest.raises(ScenarioError, match="not UTF-8") as caught:
        load(write(content), registry)
    assert caught.value.problems[0].place.line == line


def test_values_are_shortened_and_escaped_in_the_report(write, registry):
    path = write(BASE.replace("1 Gbit/s", '"' + "x\\t" * 100 + '"'))
    with pytest.raises(ScenarioError) as caught:
        load(path, registry)
    report = str(caught.value)
    assert "\t" not in report
    assert "x\\tx\\t" in report
    assert len(report) < 250


def test_a_report_has_an_end(write, registry):
    with pytest.raises(ScenarioError) as caught:
        load(write("".join(f"key{number}: 1\n" for number in range(1000))), registry)
    lines = str(caught.value).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "... and 954 more"
