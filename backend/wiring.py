"""Chooses adapters by settings and says which handler acts on which fact; nothing else knows both sides."""

from dataclasses import dataclass

from backend.attendance.person_days import send_fold
from backend.evidence.faces.port import FaceProcess, Faces, NoFaces
from backend.evidence.liveness.erasing import FrameEraser
from backend.evidence.photos.arrivals import ArrivalsBySource, PhoneArrivals
from backend.evidence.references.erasing import ReferenceEraser
from backend.gates.photo_arrivals import GateArrivals
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.tools import PlaceReader
from backend.identity.attestation.model import Attestation, NoAttestation
from backend.identity.attestation.pinned import AttestationFolderError, PinnedAttestation
from backend.identity.consents.erasing import Erasers
from backend.identity.services import IdentityServices, make_identity_services
from backend.kit.blobs import BlobStore, DiskBlobs, open_s3
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES, KeyRing
from backend.ledger.append import DayFolder
from backend.ledger.fingerprints import Fingerprints
from backend.settings import S3Bucket, Settings
from backend.variables import SettingsError
from geofences.cache import FenceCache
from geofences.places import read_place
from geofences.workbench import Workbench
from mobile_api.offline.anchors import Anchors


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The adapters and caches of one process.

    `fold_days` is attendance's answer to the ledger's fact that punches were appended, in the same transaction.
    """

    keys: KeyRing
    identity: IdentityServices
    data_keys: DataKeys
    fingerprints: Fingerprints
    blobs: BlobStore
    faces: Faces
    arrivals: ArrivalsBySource
    gate_secrets: GateSecrets
    anchors: Anchors
    attestation: Attestation
    fences: FenceCache
    workbench: Workbench
    fold_days: DayFolder
    read_place: PlaceReader
    erasers: Erasers


def wire(settings: Settings, clock: Clock, keys: KeyRing | None = None) -> Wiring:
    """Build the adapters; `keys` replaces the key files (tests, demo)."""
    ring = keys or FileKeyRing(settings.keys_dir, SERVER_PURPOSES)
    data_keys, blobs = DataKeys(ring, clock.now), open_blobs(settings)
    return Wiring(
        keys=ring,
        identity=make_identity_services(
            ring,
            clock,
            settings.sms_outbox,
            sms_console=settings.sms_console,
            sms_gateway=settings.sms_gateway,
            push_hosts=settings.channels.web_push_hosts,
        ),
        data_keys=data_keys,
        fingerprints=Fingerprints(ring, clock.now),
        faces=NoFaces() if settings.faces_socket is None else FaceProcess(settings.faces_socket),
        blobs=blobs,
        arrivals={"phone": PhoneArrivals(blobs, data_keys), "gate": GateArrivals(blobs, data_keys)},
        gate_secrets=GateSecrets(ring, clock.now),
        anchors=Anchors(ring),
        attestation=open_attestation(settings),
        fences=FenceCache(),
        workbench=Workbench(),
        fold_days=send_fold,
        read_place=read_place,
        erasers={"face_check": FrameEraser(), "face_reference": ReferenceEraser()},
    )


def open_attestation(settings: Settings) -> Attestation:
    """Return what looks at attestations of phones' keys; raises SettingsError for a folder with a mistake in it."""
    if settings.attestation_dir is None:
        return NoAttestation()
    try:
        return PinnedAttestation(settings.attestation_dir)
    except AttestationFolderError as error:
        msg = f"DAOGANG_ATTESTATION_DIR {settings.attestation_dir}: {error}"
        raise SettingsError(msg) from error


def open_blobs(settings: Settings) -> BlobStore:
    """Return the store that the settings name; it touches neither disk nor network before it is used."""
    where = settings.blobs
    return open_bucket(where) if isinstance(where, S3Bucket) else DiskBlobs(where)


def open_bucket(where: S3Bucket) -> BlobStore:
    """Return a bucket's store; nothing connects before it is used."""
    return open_s3(
        where.bucket,
        where.prefix,
        endpoint=where.endpoint,
        region=where.region,
        key_id=where.key_id,
        secret=where.secret,
    )
