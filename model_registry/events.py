"""What happens to models, said once: the owner's audit trail and the webhooks of the organization hear the same words.

Call `announce` in the transaction of the act, after the rows are written: what is rolled back is heard by nobody.
"""

from __future__ import annotations

from kernel import bus
from kernel.facts import RegistryActed
from model_registry.access import Caller
from model_registry.models import Model

# event → when it is sent, for the documentation and for those who choose what they hear.
EVENTS: dict[str, str] = {
    "model.created": "A model was registered.",
    "model.updated": "Texts, card, licence or price of a model changed.",
    "model.visibility": "Who of the organization sees a model changed.",
    "model.deleted": "A model was taken away by its provider.",
    "model.released": "Staff ended a takedown: the model takes its owner's calls again.",
    "model.taken_down": "Staff took a model down.",
    "model.imported": "A model came in from a hub.",
    "version.created": "A version was uploaded; its checks begin.",
    "version.ready": "A version passed its checks and can be called.",
    "version.failed": "A version did not pass its checks.",
    "version.deprecated": "A version got a date from which it does not answer any more.",
    "version.retired": "A version was ended.",
    "alias.moved": "An alias points at another version.",
    "alias.removed": "An alias is gone.",
    "deployment.changed": "Replicas, scaling or batching of a deployment changed.",
    "deployment.scaled": "The number of instances changed by itself.",
    "traffic.changed": "Calls are spread over the versions anew.",
    "canary.started": "A guarded rollout began.",
    "canary.advanced": "A guarded rollout went a step on.",
    "canary.promoted": "A guarded rollout ended with all calls on the new version.",
    "canary.rolled_back": "A guarded rollout was taken back.",
    "experiment.started": "A comparison of two versions began.",
    "experiment.ended": "A comparison of two versions ended.",
    "publication.requested": "A model was handed in for the shelf.",
    "publication.approved": "A member of staff agreed; at the second agreement the model is public.",
    "publication.rejected": "Staff refused to publish a model.",
    "publication.withdrawn": "A model was taken off the shelf by its provider.",
    "access.requested": "An organization asked for access to a gated model.",
    "access.approved": "An organization was let in to a gated model.",
    "access.refused": "An organization was not let in to a gated model.",
    "access.withdrawn": "An organization's access to a gated model was taken back.",
    "compression.finished": "A compressed version was made, or could not be.",
}


def announce(model: Model, event: str, *, caller: Caller | None = None, **data: object) -> None:
    """Tells of something that `caller` (None: the platform) did to a provider's model. `data` is plain JSON."""
    if event not in EVENTS:
        raise ValueError(f"{event} is no event of the registry")
    org_id = caller.org_id if caller is not None else model.owner_id or 0
    bus.publish(RegistryActed(org_id, caller.actor if caller is not None else None, event, f"model:{model.name}",
                              dict(data)))
