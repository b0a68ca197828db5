"""Names that would become paths, escapes, formulas or markup, and files that lead out of the scenario's folder."""

from __future__ import annotations

from tests.scenario.corpus.case import CODEC, MODEL, Bad, Special, bad, more, whole
from tests.scenario.template import BASE

NETWORK = "network:\n  bandwidth: 1 Gbit/s\n  latency: 100 us"
TRACE = f"{BASE.replace('latency: 100 us', 'schedule: [{trace: FILE}]')}"


def link(title: str, name: str, words: str = "expected a name") -> Bad:
    """Return a row with a link of a hostile name."""
    custom = f"network:\n  topology: custom\n  links: [{{name: {name}, bandwidth: 1 GB/s}}]\n  routes: []"
    return bad(title, NETWORK, custom, (10, "network.links.0.name", words))


def layer(title: str, name: str) -> Bad:
    """Return a row with a layer of a hostile name."""
    return bad(title, MODEL, f"model: {{layers: [{{name: {name}, parameters: 1 MB}}]}}",
        (2, "model.layers.0.name", "expected a name"))  # fmt: skip


def trace(title: str, name: str, words: str, **others: str | bytes | Special) -> Bad:
    """Return a row with a data file."""
    return whole(title, TRACE.replace("FILE", name), (10, "network.schedule.0.trace", words), **others)


NAMES = [
    bad("name that is a path", "name: base", "name: a/b", (1, "name", "'a/b': expected a name")),
    bad("name that goes up", "name: base", "name: ..", (1, "name", "expected a name")),
    bad("name of Windows' kind", "name: base", "name: 'a\\b'", (1, "name", "expected a name")),
    bad("name with a drive", "name: base", "name: 'c:x'", (1, "name", "expected a name")),
    bad("name that is an option", "name: base", "name: --help", (1, "name", "expected a name")),
    bad("name that is a command", "name: base", "name: $(reboot)", (1, "name", "expected a name")),
    bad("name with a mark of mathtext", "name: base", "name: a$b$", (1, "name", "expected a name")),
    bad("name that calls a macro", "name: base", "name: '@SUM(1)'", (1, "name", "expected a name")),
    bad("name that adds", "name: base", "name: '+1+1'", (1, "name", "expected a name")),
    bad("full-width formula", "name: base", "name: '\uff1d1+1'", (1, "name", "expected a name")),
    bad("name with an entity", "name: base", "name: a&lt;b", (1, "name", "expected a name")),
    bad("name that colours", "name: base", 'name: "\\x1b[31mred"', (1, "", "U+001B is not allowed")),
    bad("name that turns round", "name: base", 'name: "a\\u202Eb"', (1, "", "U+202E is not allowed")),
    bad("name with a tab", "name: base", 'name: "a\\tb"', (1, "name", "'a\\tb': expected a name")),
    bad("model of a hostile name", MODEL, "model: {name: <script>, parameters: 1 MB}",
        (2, "model.name", "'<script>': expected a name")),
    bad("device of a hostile name", "minibatch: 64", "minibatch: 64\n  device: ../../x",
        (6, "compute.device", "expected a name")),
    layer("layer that is a formula", "'=1+1'"),
    layer("layer that is markup", "'<img src=x>'"),
    layer("layer that goes up", "../x"),
    bad("operation that is markup", MODEL, "model: {parameters: 1 MB, operation_shares: {<b>: 0.1}}",
        (2, "model.operation_shares.<b>", "expected a name")),
    more("preset that is a path", "presets: {a/b: {seed: 2}}", (17, "presets", "'a/b': not a name for a preset")),
    more("preset that is a formula", "presets: {'=a': {seed: 2}}", (17, "presets", "not a name for a preset")),
    more("preset that is a list", "presets: {'a,b': {seed: 2}}", (17, "presets", "not a name for a preset")),
    link("link that is a formula", "'=1+1'"),
    link("link that is markup", "<b>x"),
    link("link with mathtext", "$x$"),
    link("link that is a path", "../x"),
    bad("link that rings", NETWORK, 'network: {topology: custom, links: [{name: "\\a", bandwidth: 1 GB/s}]}',
        (8, "", "U+0007 is not allowed")),
    bad("codec that is a path", CODEC, "codec: ../../etc/passwd", (15, "compression.codec", "no such codec")),
    bad("model that is a path", MODEL, "model: /etc/passwd", (2, "model", "no such model in the catalogue")),
    bad("network that is a path", NETWORK, "network: ../networks/x", (8, "network", "no such network")),
    bad("topology that is a module", "bandwidth: 1 Gbit/s", "topology: os.path", (9, "network.topology", "no such")),
    bad("scheme that is an attribute", "scheme: sync-ps", "scheme: __init__",
        (12, "training.scheme", "no such scheme")),
]  # fmt: skip

OUTSIDE = "lies outside of the scenario's folder (move the file there, or use --allow-path)"

FILES = [
    whole("a folder", Special("folder"), (0, "", "not a regular file")),
    whole("a FIFO", Special("fifo"), (0, "", "not a regular file")),
    whole("a device", Special("link", "/dev/zero"), (0, "", "not a regular file")),
    whole("a file of the kernel", Special("link", "/proc/self/mem"), (0, "", "can't be read")),
    whole("a link to nothing", Special("link", "nothing"), (0, "", "can't be read: no such file")),
    whole("a link to itself", Special("link", "x.yaml"), (0, "", "can't be read: too many levels of symbolic links")),
    whole("a terabyte", Special("hole", size=10**12), (0, "", "larger than 512 KiB")),
    more("extends an address", "extends: http://127.0.0.1:9/x.yaml", (17, "extends", "not an address")),
    more("extends an address of a file", "extends: file:///etc/passwd", (17, "extends", "not an address")),
    more("extends upwards", "extends: ../x.yaml", (17, "extends", OUTSIDE)),
    more("extends an absolute path", "extends: /etc/passwd", (17, "extends", OUTSIDE)),
    more("extends a device", "extends: /dev/zero", (17, "extends", OUTSIDE)),
    more("extends a home", "extends: ~/x.yaml", (17, "extends", "no such file")),
    more("extends a variable", "extends: $HOME/x.yaml", (17, "extends", "no such file")),
    more("extends by a link out", "extends: y.yaml", (17, "extends", OUTSIDE), y_yaml=Special("link", "/etc/passwd")),
    more("extends by a link to a device", "extends: y.yaml", (17, "extends", OUTSIDE),
        y_yaml=Special("link", "/dev/zero")),
    more("extends a FIFO", "extends: y.yaml", (17, "extends", "not a regular file"), y_yaml=Special("fifo")),
    more("extends a folder", "extends: y", (17, "extends", "not a regular file"), y=Special("folder")),
    more("extends itself", "extends: x.yaml", (17, "extends", "extends itself: x.yaml -> x.yaml")),
    more("extends in a circle", "extends: y.yaml", (1, "extends", "extends itself: x.yaml -> y.yaml -> x.yaml"),
        y_yaml="extends: x.yaml\n"),
    more("extends by a link to itself", "extends: y.yaml", (17, "extends", "extends itself"),
        y_yaml=Special("link", "x.yaml")),
    more("extends a list of settings", "extends: y.yaml", (1, "", "expected a mapping of sections"), y_yaml="- a\n"),
    more("extends an empty file", "extends: y.yaml", (1, "", "nothing in it"), y_yaml=""),
    more("extends what is no text", "extends: y.yaml", (1, "", "not UTF-8 text"), y_yaml=b"\xff"),
    more("extends a large file", "extends: y.yaml", (0, "", "larger than 512 KiB"), y_yaml="#" * 600_000),
    more("extends too much together", "extends: y.yaml",
        (1, "extends", "together with the files above it larger than 512"),
        y_yaml="extends: z.yaml\n" + "# filler\n" * 30_000, z_yaml=BASE + "# filler\n" * 30_000),
    more("extends a bomb", "extends: y.yaml", (2, "", "more than 25000 values"),
        y_yaml="a: &a [" + "1," * 3000 + "]\nb: [" + "*a," * 9 + "]\n"),
    trace("data of a missing file", "t.csv", "can't be read: no such file"),
    trace("data from above", "../t.csv", OUTSIDE),
    trace("data of the system", "/etc/passwd", OUTSIDE),
    trace("data of a device", "/dev/stdin", OUTSIDE),
    trace("data by a link out", "t.csv", OUTSIDE, t_csv=Special("link", "/etc/passwd")),
    trace("data by a link to a device", "t.csv", OUTSIDE, t_csv=Special("link", "/dev/zero")),
    trace("data of a FIFO", "t.csv", "can't be read: not a regular file", t_csv=Special("fifo")),
    trace("data of a folder", "t.csv", "can't be read: not a regular file", t_csv=Special("folder")),
    trace("data of an address", "https://127.0.0.1/t.csv", "expected the name of a file"),
    trace("data without end", "t.csv", "can't be read: larger than 64 MiB", t_csv=Special("hole", size=10**12)),
    trace("data of a long name", "n" * 201, "expected at most 200 characters"),
    trace("data of no name", "''", "expected a text of at least 1 character"),
    trace("data of a number", "7", "7: expected a text (put it in quotes)"),
]  # fmt: skip
