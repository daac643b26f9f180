"""Paths under `/iclock` that are built into terminals: thin, and for strangers all alike."""

from math import ceil
from pathlib import Path
from typing import Any, Final

from litestar import HttpMethod, Request, Response, Router, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.gates.dialects.zkteco import answers, exchange
from backend.gates.dialects.zkteco.requests import Ask, read_ask
from backend.gates.terminals import Terminal, address_of, meet_by_serial, query_of
from backend.gates.tools import GateTools
from backend.gates.uploads import drain

BOTH: Final = [HttpMethod.GET, HttpMethod.POST]
# Terminals prove nothing that deserves the word; what their word is worth stands on each event.
OPEN: Final[dict[str, Any]] = {"public": True}
DATA: Final = ["/cdata", "/cdata.aspx", "/fdata", "/fdata.aspx"]
"""Photos come to the second pair from older firmwares."""
REFUSED_REGISTRATION: Final = 406
TOO_MANY: Final = 429

Ask_ = tuple[Ask, Terminal | None]


@route(DATA, http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False)
async def exchange_data(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Hand out settings (GET), take events and whatever else a terminal uploads (POST); photos under either name."""
    ask, terminal = await _meet(gate_tools, request)
    now = gate_tools.clock.now()
    if terminal is None:
        return await _bland(gate_tools, request)
    if request.method == "GET":
        return _answer(gate_tools, await exchange.greet(gate_tools, terminal, ask, now))
    async with gate_tools.lanes.body_of(request) as body:
        return _answer(gate_tools, await exchange.take_upload(gate_tools, terminal, ask, body, now))


@route(
    ["/querydata", "/querydata.aspx"], http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False
)
async def take_query_data(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Take a table that a controller uploads because it was asked to."""
    ask, terminal = await _meet(gate_tools, request)
    if terminal is None:
        return await _bland(gate_tools, request)
    async with gate_tools.lanes.body_of(request) as body:
        now = gate_tools.clock.now()
        return _answer(gate_tools, await exchange.take_upload(gate_tools, terminal, ask, body, now))


@route(["/getrequest", "/getrequest.aspx"], http_method=BOTH, opt=OPEN, include_in_schema=False)
async def poll(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Answer a poll for commands, of which only four exist and all of them only read."""
    ask, terminal = await _meet(gate_tools, request)
    if terminal is None:
        return await _bland(gate_tools, request)
    return _answer(gate_tools, await exchange.take_poll(gate_tools, terminal, ask, gate_tools.clock.now()))


@route(
    ["/devicecmd", "/devicecmd.aspx"], http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False
)
async def take_results(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Take what became of commands."""
    _, terminal = await _meet(gate_tools, request)
    if terminal is None:
        return await _bland(gate_tools, request)
    async with gate_tools.lanes.body_of(request) as body:
        now = gate_tools.clock.now()
        await exchange.take_results(gate_tools, terminal, body or b"", now)
        return _answer(gate_tools, answers.BLAND)


@route(["/registry", "/registry.aspx"], http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False)
async def register(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Give a controller its code, or refuse it: only who is in the register and active is let in."""
    _, terminal = await _meet(gate_tools, request)
    if terminal is None:
        await drain(request)
        return _answer(gate_tools, b"", REFUSED_REGISTRATION)
    async with gate_tools.lanes.body_of(request) as body:
        now = gate_tools.clock.now()
        return _answer(gate_tools, await exchange.register(gate_tools, terminal, body or b"", now))


@route(["/push", "/push.aspx"], http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False)
async def hand_out_settings(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Hand out settings to a controller that has registered."""
    _, terminal = await _meet(gate_tools, request)
    if terminal is None:
        return await _bland(gate_tools, request)
    await drain(request)
    return _answer(gate_tools, answers.push_settings(terminal.gate))


@route(["/rtdata", "/rtdata.aspx"], http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False)
async def tell_time(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Tell a controller the time."""
    ask, terminal = await _meet(gate_tools, request)
    await drain(request)
    if terminal is None or ask.kind != "time":
        return _answer(gate_tools, answers.BLAND)
    return _answer(gate_tools, exchange.time_for_controllers(terminal.gate, gate_tools.clock.now()))


@route(
    ["/ping", "/ping.aspx", "/exchange", "/exchange.aspx"],
    http_method=BOTH,
    opt=OPEN,
    request_max_body_size=None,
    include_in_schema=False,
)
async def stay(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> Response[bytes]:
    """Answer a sign of life between long uploads; of the keys that controllers may offer none is taken."""
    _, terminal = await _meet(gate_tools, request)
    if terminal is not None:
        await exchange.note_life(gate_tools, terminal, gate_tools.clock.now())
    return await _bland(gate_tools, request)


@route("/{rest:path}", http_method=BOTH, opt=OPEN, request_max_body_size=None, include_in_schema=False)
async def take_anything(
    request: Request[Any, Any, Any], rest: FromPath[Path], gate_tools: NamedDependency[GateTools]
) -> Response[bytes]:
    """Take what a firmware sends to a path that nobody here knows: kept and shown, never repeated for ever."""
    del rest
    ask, terminal = await _meet(gate_tools, request)
    if terminal is None:
        return await _bland(gate_tools, request)
    if request.method == "GET":
        await exchange.note_life(gate_tools, terminal, gate_tools.clock.now())
        return await _bland(gate_tools, request)
    async with gate_tools.lanes.body_of(request) as body:
        now = gate_tools.clock.now()
        return _answer(gate_tools, await exchange.take_upload(gate_tools, terminal, ask, body, now))


async def keep_pace(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Send away who calls more often than any terminal does, known or not, before anything is read of it.

    Whatever is no success makes a terminal come back with the same: nothing of it is lost.
    """
    tools: GateTools = request.app.state.gate_tools
    serial_no = read_ask(query_of(request)).serial_no
    wait_s = tools.pace.wait_s((serial_no, address_of(request)))
    if not wait_s:
        return None
    await drain(request)
    answer = _answer(tools, b"", TOO_MANY)
    answer.headers["Retry-After"] = str(ceil(wait_s))
    return answer


async def _meet(tools: GateTools, request: Request[Any, Any, Any]) -> Ask_:
    ask = read_ask(query_of(request))
    secret = ask.query.get("pushcommkey") or None
    return ask, await meet_by_serial(tools, request, ask.serial_no, secret=secret, now=tools.clock.now())


async def _bland(tools: GateTools, request: Request[Any, Any, Any]) -> Response[bytes]:
    await drain(request)
    return _answer(tools, answers.BLAND)


def _answer(tools: GateTools, content: bytes, status: int = 200) -> Response[bytes]:
    headers = {"Date": answers.date_header(tools.clock.now())}
    return Response(content, status_code=status, media_type="text/plain", headers=headers)


def zkteco_router() -> Router:
    """Join the routes of this file."""
    handlers = [
        exchange_data,
        take_query_data,
        poll,
        take_results,
        register,
        hand_out_settings,
        tell_time,
        stay,
        take_anything,
    ]
    return Router(path="/iclock", route_handlers=handlers, before_request=keep_pace, tags=["Terminals"])
