"""Starts the edge: gRPC `ImageService`, the REST bridge and the page in one process and one event loop."""

import os
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fournil.edge.v1 import edge_pb2_grpc
from services.edge.authenticator import Authenticator
from services.edge.catalogue import Catalogue
from services.edge.conductor import Conductor
from services.edge.counter import Counter
from services.edge.diary import RedisDiary
from services.edge.due import DueList
from services.edge.event_tail import EventTail
from services.edge.grpc_moderator import GrpcModerator, GrpcTaster
from services.edge.grpc_ovens import GrpcOvens
from services.edge.grpc_quota import GrpcQuota
from services.edge.held_calls import HeldCalls
from services.edge.http_server import WebServer
from services.edge.links import Links
from services.edge.messages import localize
from services.edge.moderation_counter import ModerationCounter
from services.edge.moderation_rest import ModerationApi
from services.edge.notes import JobNotes
from services.edge.openai_form import OpenAiApi
from services.edge.outbound import Outbound, Reach
from services.edge.provenance import Provenance
from services.edge.rest import NativeApi
from services.edge.results import ObjectResults
from services.edge.server import ImageService
from services.edge.signing import Identity, development_identity, read_identity
from services.edge.walk import Mesh
from services.edge.web_app import build_app
from services.edge.webhooks import Webhooks
from services.runtime.channels import open_channel
from services.runtime.process import ServiceProcess, run
from services.runtime.redis_link import RedisLink
from services.runtime.settings import Environment, ProcessSettings, SettingsError, split_address


@dataclass(frozen=True)
class EdgeSettings:
    """What the edge reads from its environment. Targets are gRPC names, times are seconds."""

    process: ProcessSettings
    redis_url: str
    http_listen: str
    quota: str
    moderator: str
    generator: str
    results_url: str
    link_secret: str
    public_url: str
    default_model: str
    hold_seconds: float
    identity: Identity
    reach: Reach
    keep_seconds: float
    demo_keys: dict[str, str]

    @staticmethod
    def read(env: Environment) -> "EdgeSettings":
        """Reads every variable. Raises SettingsError."""
        http_listen = env.text("FOURNIL_HTTP_LISTEN", "0.0.0.0:8080")
        demo: dict[str, str] = {}
        if env.integer("FOURNIL_DEMO", 0, low=0, high=1):
            demo = {"free": env.text("FOURNIL_DEMO_FREE_KEY"), "paid": env.text("FOURNIL_DEMO_PAID_KEY")}
        link_secret = env.text("FOURNIL_LINK_SECRET")
        return EdgeSettings(
            process=ProcessSettings.read(
                "edge",
                env,
                default_listen="0.0.0.0:50050",
                default_metrics="0.0.0.0:9090",
                max_receive_bytes=6 << 20,  # a picture and its mask come with a call
            ),
            redis_url=env.text("REDIS_URL"),
            http_listen=http_listen,
            quota=env.text("FOURNIL_QUOTA", "127.0.0.1:50051"),
            moderator=env.text("FOURNIL_MODERATOR", "127.0.0.1:50052"),
            generator=env.text("FOURNIL_GENERATOR", "127.0.0.1:50053"),
            results_url=env.text("FOURNIL_RESULTS_URL"),
            link_secret=link_secret,
            public_url=env.text("FOURNIL_PUBLIC_URL", f"http://127.0.0.1:{split_address(http_listen)[1]}"),
            default_model=env.text("FOURNIL_DEFAULT_MODEL", "fournil-mini"),
            hold_seconds=env.seconds("FOURNIL_HOLD_SECONDS", 300.0, low=1.0, high=3600.0),
            identity=_identity(env, link_secret),
            reach=_reach(env),
            keep_seconds=env.integer("FOURNIL_KEEP_DAYS", 7, low=1, high=3_650) * 86_400,
            demo_keys=demo,
        )


def _reach(env: Environment) -> Reach:
    text = env.text("FOURNIL_WEBHOOKS", Reach.OFF)
    if text not in list(Reach):
        raise SettingsError(f"FOURNIL_WEBHOOKS must be one of {', '.join(Reach)}")
    return Reach(text)


def _identity(env: Environment, secret: str) -> Identity:
    chain, key = env.text("FOURNIL_C2PA_CERTIFICATE", ""), env.text("FOURNIL_C2PA_KEY", "")
    if bool(chain) != bool(key):
        raise SettingsError("FOURNIL_C2PA_CERTIFICATE and FOURNIL_C2PA_KEY go together")
    if not chain:
        return development_identity(secret.encode())
    anchors = env.text("FOURNIL_C2PA_ANCHORS", "")
    return read_identity(Path(chain), Path(key), Path(anchors) if anchors else None)


async def main() -> None:
    """Startup, service, shutdown."""
    settings = EdgeSettings.read(Environment(os.environ))
    process = ServiceProcess(settings.process, localize=localize)
    link = RedisLink(settings.redis_url)
    channels = [
        open_channel(settings.quota, service="fournil.quota.v1.QuotaService"),
        open_channel(settings.moderator, service="fournil.moderator.v1.ModeratorService"),
        open_channel(settings.generator, service="fournil.generator.v1.GeneratorService"),
    ]
    quota, moderator, ovens = GrpcQuota(channels[0]), GrpcModerator(channels[1]), GrpcOvens()
    catalogue = Catalogue(channels[2], settings.default_model)

    results = ObjectResults(settings.results_url)

    due = DueList(link)

    def told(job_id: str, kind: str) -> None:
        conductor.told(job_id, kind)
        if kind in {"completed", "failed"}:
            due.wake()

    diary = RedisDiary(link, f"edge-{uuid.uuid4().hex[:12]}", told, settings.keep_seconds)
    tail = EventTail(diary)
    provenance = Provenance(settings.identity, version("fournil"))
    conductor = Conductor(Mesh(quota, moderator, ovens, diary, results, provenance), diary, quota)

    async def give_up(job_id: str) -> None:
        await counter.give_up(job_id)

    held = HeldCalls(link, give_up)
    secret = settings.link_secret.encode()
    counter = Counter(quota, diary, conductor, tail, results, provenance, catalogue, held, settings.reach, secret)
    moderation = ModerationCounter(GrpcTaster(channels[1]), diary)
    authenticator = Authenticator(quota)
    links = Links(secret, settings.public_url)
    native = NativeApi(counter, authenticator, links)
    outbound = Outbound(settings.reach)
    webhooks = Webhooks(diary, outbound, secret, JobNotes(links).told)

    process.add(
        edge_pb2_grpc.add_ImageServiceServicer_to_server,
        ImageService(counter, moderation, authenticator, links),
        "fournil.edge.v1.ImageService",
    )
    app = build_app(
        [
            *OpenAiApi(counter, authenticator, links, settings.hold_seconds).routes(),
            *native.routes(),
            *ModerationApi(moderation, authenticator).routes(),
        ],
        ready=lambda: bool(catalogue.known) and not process.stopping,
        demo_keys=settings.demo_keys,
    )
    web = WebServer(app, settings.http_listen, settings.process.grace_seconds)

    async def close_channels() -> None:
        provenance.close()
        await outbound.close()
        await ovens.close()
        for channel in channels:
            await channel.close()

    await process.serve(
        background=[
            diary.open,
            catalogue.run,
            conductor.run,
            tail.run,
            held.run,
            lambda: due.run({"webhook": webhooks.tell, "forget": counter.forget}),
            web.run_until_stopped,
        ],
        stop=[web.stop],
        close=[conductor.hand_over, close_channels, link.close],
    )


if __name__ == "__main__":
    run("edge", main)
