from __future__ import annotations

import pytest

from simcluster.errors import UserInputError
from simcluster.network.simgrid import read_platform
from tests.network.running import ends, network

HEAD = """<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">"""

FULL = f"""{HEAD}
<zone id="world" routing="Full">
  <host id="Tremblay" speed="98.095Mf"/> <host id="Jupiter" speed="76.296Mf"/> <host id="Fafard" speed="76Mf"/>
  <link id="6" bandwidth="41.279125MBps" latency="59.904us"/>
  <link id="7" bandwidth="1Gbps" latency="0.1ms" sharing_policy="SPLITDUPLEX"/>
  <link id="fat" bandwidth="10kBps" latency="0" sharing_policy="FATPIPE"/>
  <route src="Tremblay" dst="Jupiter"> <link_ctn id="6"/> <link_ctn id="7" direction="UP"/> </route>
  <route src="Tremblay" dst="Fafard" symmetrical="NO"> <link_ctn id="fat"/> <link_ctn id="6"/> </route>
</zone>
</platform>"""

CLUSTERS = f"""{HEAD}
<zone id="AS0" routing="Full">
  <cluster id="one" prefix="n" suffix=".org" radical="0-2,5" speed="1Gf" bw="125MBps" lat="50us"
           bb_bw="2.25GBps" bb_lat="500us" router_id="r1"/>
  <cluster id="two" prefix="m" suffix="" radical="0-1" speed="1Gf" bw="1MiBps" lat="1ms" sharing_policy="SHARED"
           router_id="r2"/>
  <link id="wan" bandwidth="10MBps" latency="10ms"/>
  <zoneRoute src="one" dst="two" gw_src="r1" gw_dst="r2"> <link_ctn id="wan"/> </zoneRoute>
</zone>
</platform>"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "platform.xml"
        path.write_text(text)
        return str(path)

    return written


def test_hosts_links_and_routes(write):
    platform = read_platform(write(FULL))
    assert list(platform.hosts) == ["Tremblay", "Jupiter", "Fafard"]
    assert platform.route("Tremblay", "Jupiter") == ["6", "7_UP"]
    assert platform.route("Jupiter", "Tremblay") == ["7_DOWN", "6"]
    assert platform.links["7_UP"].bandwidth == 125e6
    assert platform.links["6"].latency == pytest.approx(59.904e-6)
    with pytest.raises(UserInputError, match="no route"):
        platform.route("Fafard", "Tremblay")


def test_clusters_and_routes_between_zones(write):
    platform = read_platform(write(CLUSTERS))
    assert list(platform.hosts) == ["n0.org", "n1.org", "n2.org", "n5.org", "m0", "m1"]
    assert platform.route("n0.org", "n5.org") == ("one_link_0_UP", "one_backbone", "one_link_5_DOWN")
    assert platform.route("m0", "m1") == ("two_link_0", "two_link_1")
    assert platform.route("n1.org", "m0") == ("one_link_1_UP", "one_backbone", "wan", "two_link_0")
    assert platform.route("m0", "n1.org") == ("two_link_0", "wan", "one_backbone", "one_link_1_DOWN")


def test_transfers_on_an_imported_platform(write):
    env, net = network("custom", ("a", "b", "c"), platform=write(FULL), hosts={"b": "Fafard"})
    # a is the first host that is left, Tremblay; a fat pipe bounds each transfer alone.
    found = ends(env, net, [(0, "a", "b", 10e3), (0, "a", "b", 10e3)])
    assert found == pytest.approx([1.0 + 59.904e-6] * 2, rel=1e-12)
    assert [link.name for link in net.usage()] == ["6", "7_UP", "7_DOWN"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<platform", "unclosed token"),
        ("<html/>", "expected a <platform>"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><platform/>", "entities"),
        ("<!DOCTYPE x [<!ATTLIST host speed CDATA '1Gf'>]><platform/>", "attributes are not accepted"),
        (FULL.replace('"Jupiter"', '"&#x9b;2J"'), "the id '.x9b2J' is not taken"),
        (FULL.replace('link id="6"', 'link id="=1+1"'), "the id '=1[+]1' is not taken"),
        (CLUSTERS.replace('radical="0-1"', 'radical="0-999999999"'), "more than 100000 hosts"),
        (FULL.replace("</zone>", "<prop/>" * 1_000_001 + "</zone>"), "more than 1000000 elements"),
        (FULL.replace("Full", "Floyd"), "routing 'Floyd' is not supported"),
        (FULL.replace("41.279125MBps", "fast"), "not a number"),
        (FULL.replace("41.279125MBps", "3 hops"), "not a bandwidth"),
        (FULL.replace('bandwidth="41.279125MBps"', ""), "'bw' is missing"),
        (FULL.replace('<link_ctn id="6"/>', '<link_ctn id="8"/>'), "link '8'"),
        (FULL.replace('<link_ctn id="6"/>', '<link_ctn id="6"/> <link_ctn id="6"/>'), "crosses the link '6' twice"),
        (FULL.replace("41.279125MBps", "1e400Bps"), "finite"),
        (FULL.replace("41.279125MBps", "1e300PBps"), "at most 1e12 s"),
        (FULL.replace("59.904us", "1e400us"), "finite"),
        (FULL.replace("41.279125MBps", "0Bps"), "a bandwidth of 1e-6 to"),
        (
            FULL.replace('latency="0"', 'latency="0" bandwidth_file="x"'),
            "<link id='fat'>: the attribute 'bandwidth_file'",
        ),
        (FULL.replace('id="Jupiter"', 'id="Tremblay"'), "two hosts or routers have the id 'Tremblay'"),
        (FULL.replace('link id="fat"', 'link id="6"'), "two links have the id '6'"),
        (FULL.replace('dst="Fafard"', 'dst="Nobody"'), "a route names 'Nobody'"),
        (FULL.replace('dst="Fafard"', 'dst="Jupiter"'), "two routes lead from 'Tremblay' to 'Jupiter'"),
        (FULL.replace("</zone>", '<bypassRoute src="a" dst="b"/></zone>'), "<bypassRoute> is not understood"),
        (FULL.replace("</zone>", '<trace id="t"/></zone>'), "<trace> is not understood"),
        (FULL.replace("</zone>", '</zone><trace_connect trace="t"/>'), "<platform>: the element <trace_connect>"),
        (FULL.replace("</zone>", "<nonsense/></zone>"), "<nonsense> is not understood"),
        (CLUSTERS.replace('lat="50us"', 'lat="50us" topology="TORUS" topo_parameters="2,2"'), "topology 'TORUS'"),
        (CLUSTERS.replace('lat="50us"', 'lat="50us" limiter_link="1MBps"'), "'limiter_link' is not understood"),
        (CLUSTERS.replace('id="two"', 'id="one"'), "two zones have the id 'one'"),
        (CLUSTERS.replace('gw_dst="r2"', 'gw_dst="r3"'), "gateway 'r3'"),
        (CLUSTERS.replace('dst="two"', 'dst="three"'), "zone 'three'"),
    ],
)
def test_bad_files_are_refused(write, text, message):
    with pytest.raises(UserInputError, match=message):
        read_platform(write(text))


def test_what_concerns_computing_alone_is_passed_over(write):
    text = FULL.replace('speed="98.095Mf"/>', 'speed="98Mf" core="4"><prop id="watts" value="9"/><disk id="d"/></host>')
    assert list(read_platform(write(text)).hosts) == ["Tremblay", "Jupiter", "Fafard"]


def test_a_way_through_zones_that_crosses_a_link_twice_is_refused(write):
    text = CLUSTERS.replace('<link_ctn id="wan"/>', '<link_ctn id="wan"/> <link_ctn id="one_backbone"/>')
    with pytest.raises(UserInputError, match=r"from 'n1.org' to 'm0' crosses a link twice"):
        read_platform(write(text)).route("n1.org", "m0")


def test_a_fat_pipe_does_not_vary(write):
    schedule = ({"link": "fat", "at": 1.0, "factor": 0.5},)
    with pytest.raises(UserInputError, match=r"network.schedule: 'fat' matches 'fat', a FATPIPE"):
        network("custom", "abc", platform=write(FULL), schedule=schedule)


def test_a_platform_needs_a_host_for_each_node(write):
    with pytest.raises(UserInputError, match="3 hosts are too few for 4 nodes"):
        network("custom", "abcd", platform=write(FULL))
    with pytest.raises(UserInputError, match=r"no host 'Jupitre' \(did you mean 'Jupiter'"):
        network("custom", "ab", platform=write(FULL), hosts={"a": "Jupitre"})
    with pytest.raises(UserInputError, match=r"network.hosts: there is no node 'x'"):
        network("custom", "ab", platform=write(FULL), hosts={"x": "Jupiter"})
    with pytest.raises(UserInputError, match="can't be read: no such file"):
        network("custom", "ab", platform="/nowhere.xml")
