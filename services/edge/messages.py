"""Texts for people, in French and English alike. The one place where a reason becomes a sentence."""

from collections.abc import Mapping

from services.edge.job import Failure
from services.runtime import call_context
from services.runtime.categories import category
from services.runtime.errors import Fault, Reason

_TEXTS: Mapping[Reason, tuple[str, str]] = {
    Reason.INVALID_ARGUMENT: (
        "The field “{field}” is not right: {detail}.",
        "Le champ « {field} » ne va pas : {detail}.",
    ),
    Reason.KEY_MISSING: (
        "No key was sent. Send it as “Authorization: Bearer KEY”.",
        "Aucune clé n’a été envoyée. Envoyez-la ainsi : « Authorization: Bearer CLÉ ».",
    ),
    Reason.KEY_UNKNOWN: ("This key is not known.", "Cette clé est inconnue."),
    Reason.KEY_REVOKED: ("This key was revoked.", "Cette clé a été révoquée."),
    Reason.KEY_EXPIRED: ("This key has expired.", "Cette clé a expiré."),
    Reason.NOT_FOUND: ("There is no such thing here, or it is not yours.", "Introuvable, ou pas à vous."),
    Reason.MODEL_UNKNOWN: (
        "There is no model “{model}”. Available: {models}.",
        "Il n’y a pas de modèle « {model} ». Disponibles : {models}.",
    ),
    Reason.ALLOWANCE_SPENT: (
        "Your allowance of {limit} {unit}{while_full} is spent; there is room again at {reset}.",
        "Votre allocation de {limit} {unit}{while_full} est épuisée ; il y aura de la place à {reset}.",
    ),
    Reason.ASKED_TOO_FAST: (
        "That was too fast: at most {limit} at once. Nothing was charged; wait a moment and ask again.",
        "C’était trop rapide : {limit} à la fois au plus. Rien n’a été compté ; redemandez dans un instant.",
    ),
    Reason.ACCOUNT_BANNED: (
        "This account may not ask for pictures: {detail}.",
        "Ce compte ne peut pas demander d’images : {detail}.",
    ),
    Reason.SCOPE_MISSING: (
        "This key may not do that: it lacks the scope “{scope}”.",
        "Cette clé ne le permet pas : il lui manque le droit « {scope} ».",
    ),
    Reason.TOO_MANY_LIVE_JOBS: (
        "You have {held} jobs under way and may have {limit}. Wait for one to end, or cancel one.",
        "Vous avez {held} tâches en cours ; {limit} sont permises. Attendez-en la fin, ou annulez-en une.",
    ),
    Reason.LINE_FULL: (
        "The line is full right now. Nothing was charged; please come back a little later.",
        "La file est pleine en ce moment. Rien n’a été compté ; revenez un peu plus tard.",
    ),
    Reason.MODERATION_BLOCKED: (
        "Refused by the moderator ({category}). Nothing was charged. Decision {decision_id}.{appeal}",
        "Refusé par la modération ({category}). Rien n’a été compté. Décision {decision_id}.{appeal}",
    ),
    Reason.REQUEST_ID_REUSED: (
        "This idempotency key was used before with another request.",
        "Cette clé d’idempotence a déjà servi pour une autre demande.",
    ),
    Reason.WRONG_STATE: ("This cannot be done any more.", "Ce n’est plus possible."),
    Reason.UNAVAILABLE: (
        "A part of the service does not answer right now. Please try again shortly.",
        "Une partie du service ne répond pas en ce moment. Réessayez dans un instant.",
    ),
    Reason.OVERLOADED: (
        "This server is full right now. Please try again shortly.",
        "Ce serveur est plein en ce moment. Réessayez dans un instant.",
    ),
    Reason.INTERNAL: (
        "Something went wrong on our side. The request id finds it in our logs.",
        "Une erreur s’est produite de notre côté. L’identifiant de requête la retrouve dans nos journaux.",
    ),
    Reason.JOB_CANCELLED: (
        "The job was cancelled; nothing was charged.",
        "La tâche a été annulée ; rien n’a été compté.",
    ),
    Reason.JOB_FAILED: (
        "The picture could not be baked after several tries; nothing was charged.",
        "L’image n’a pas pu être cuite malgré plusieurs essais ; rien n’a été compté.",
    ),
    Reason.DEADLINE_EXCEEDED: ("The time you gave ran out.", "Le temps accordé est écoulé."),
    Reason.JOB_EXPIRED: (
        "The job waited too long without anybody to bake it; nothing was charged.",
        "La tâche a trop attendu sans que personne ne la cuise ; rien n’a été compté.",
    ),
    Reason.NOT_APPEALABLE: (
        "A refusal for {category} cannot be appealed.",
        "Un refus pour {category} ne peut pas être contesté.",
    ),
    Reason.LIMIT_REACHED: (
        "No more can be taken right now: at most {most} ({limit}).",
        "On ne peut pas en prendre davantage en ce moment : {most} au plus ({limit}).",
    ),
}

_DETAILS_FR: Mapping[str, str] = {
    "an operator has barred it": "un exploitant l’a exclu",
    "must be of a job that has ended": "il faut une tâche terminée",
    "must be a URL": "il faut une URL",
    "must be empty: this mesh calls nobody": "il doit être vide : ce service n’appelle personne",
    "must hold neither a user nor a fragment": "ni utilisateur ni fragment ne sont permis",
    "must lead to a public address": "il faut une adresse publique",
    "must be text": "il faut du texte",
    "must be true or false": "il faut vrai ou faux (true ou false)",
    "ended early": "interrompu avant la fin",
    "must have an alpha channel, or a single channel of 1 or 8 bits": (
        "il faut un canal alpha, ou un seul canal de 1 ou 8 bits"
    ),
    "must leave something to draw": "il faut y laisser quelque chose à dessiner",
    "must be the file of a picture": "il faut le fichier d’une image",
    "must be one picture: drawing starts from one": "il faut une seule image : le dessin part d’une image",
    "must be a form of type multipart/form-data": "il faut un formulaire de type multipart/form-data",
    "must be a well-formed form of type multipart/form-data": (
        "il faut un formulaire bien formé de type multipart/form-data"
    ),
    "must not hold control characters": "aucun caractère de contrôle n’est permis",
    "must not come with transfer-encoding": "il ne doit pas accompagner transfer-encoding",
    "must not be empty": "il ne doit pas être vide",
    "must be a whole number": "il faut un nombre entier",
    "must be a number": "il faut un nombre",
    "must be base64": "il faut du base64",
    "must come with a picture": "il faut une image avec",
    "must be above 0 and at most 1": "il faut plus de 0 et au plus 1",
    "must be empty: this model takes none": "il doit être vide : ce modèle n’en prend pas",
    "must be empty: this model starts from none": "il doit être vide : ce modèle ne part pas d’une image",
    "must be empty where the guidance is not above 1": "il doit être vide quand le guidage ne dépasse pas 1",
    "moving pictures are not taken": "les images animées ne sont pas acceptées",
    "not a readable PNG, JPEG or WebP picture": "ce n’est pas une image PNG, JPEG ou WebP lisible",
    "must be 'auto' or WIDTHxHEIGHT": "il faut « auto » ou LARGEURxHAUTEUR",
    "must be square: this model draws squares": "il faut un carré : ce modèle dessine des carrés",
    "must be the prompt that was refused": "il faut l’invite qui a été refusée",
    "must be data URLs with base64": "il faut des URL de données en base64",
    "must be text, or a list of texts, or a list of parts": "il faut du texte, une liste de textes ou de parties",
    "must be that of the page before": "il faut celui de la page précédente",
    "must be the id of a decision": "il faut le numéro d’une décision",
    "must be valid Unicode without lone surrogates": "il faut de l’Unicode valide",
    "must be valid JSON in UTF-8": "il faut du JSON valide en UTF-8",
    "must be a JSON object": "il faut un objet JSON",
    "must be a valid message in UTF-8": "il faut un message valide en UTF-8",
}
_DETAIL_STARTS_FR: Mapping[str, str] = {
    "must hold no control characters such as": "aucun caractère de contrôle n’est permis, tel que",
    "must not hold control characters such as": "aucun caractère de contrôle n’est permis, tel que",
    "must be text of at most": "il faut du texte d’au plus",
    "must come within": "il faut moins de",
    "must be at most": "au plus",
    "at most": "au plus",
    "must be a URL that begins with": "il faut une URL qui commence par",
    "must be a URL of at most": "il faut une URL d’au plus",
    "must be whole multiples of": "il faut des multiples entiers de",
    "must have the size of the picture,": "il faut la taille de l’image,",
    "must be one of": "il faut une valeur parmi",
    "must be": "il faut",
}
_DETAIL_WORDS_FR: Mapping[str, str] = {
    " to ": " à ",
    " characters, not ": " caractères, pas ",
    " ASCII characters": " caractères ASCII",
    " characters": " caractères",
    " bytes, not ": " octets, pas ",
    " pixels in all": " pixels en tout",
    " bytes in all": " octets en tout",
    " bytes": " octets",
    " of ": " de ",
    " or ": " ou ",
}

_HELP = (
    "You need not wait on an open connection: send the same prompt to POST {url}, and come back for the picture.",
    "Inutile d’attendre connecté : envoyez la même invite à POST {url}, et revenez chercher l’image.",
)

_UNITS: Mapping[str, tuple[str, str]] = {
    "pictures": ("pictures", "images"),
    "work": ("thousandths of a picture’s work", "millièmes du travail d’une image"),
}
_WHILE_FULL: Mapping[str, tuple[str, str]] = {
    "normal": ("", ""),
    "busy": (" while the ovens are busy", " tant que les fours sont occupés"),
    "surge": (" while the ovens are full", " tant que les fours sont pleins"),
    "shed": (" while the ovens are overrun", " tant que les fours sont débordés"),
}

_APPEAL = (" If that is wrong, appeal it.", " Si c’est une erreur, contestez-la.")
_SETTLED = ("it would pass now", "ce serait accepté maintenant")
_LISTS: Mapping[str, tuple[str, str]] = {
    "appeals_open": ("appeals that wait for an answer", "contestations qui attendent une réponse"),
    "appeals_filed": ("appeals a day", "contestations par jour"),
    "appeals_total": ("appeals in all", "contestations en tout"),
}


class _Missing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def localize(fault: Fault) -> tuple[str, str]:
    """(locale, text) of a fault in the language of the call being served."""
    language = call_context.language.get()
    return language, text(fault, language)


def text(fault: Fault, language: str) -> str:
    """The sentence for a fault in "fr" or "en"."""
    facts = _Missing(fault.metadata)
    if "category" in facts:
        facts["category"] = category(facts["category"], language) or _SETTLED[language == "fr"]
    facts["appeal"] = _APPEAL[language == "fr"] if facts.get("appealable") == "true" else ""
    if "detail" in facts and language == "fr":
        facts["detail"] = _detail_fr(facts["detail"])
    if fault.reason is Reason.ALLOWANCE_SPENT:
        french = language == "fr"
        facts["unit"] = _UNITS.get(facts.get("unit", "pictures"), _UNITS["pictures"])[french]
        facts["while_full"] = _WHILE_FULL.get(facts.get("level", "normal"), _WHILE_FULL["normal"])[french]
    if fault.reason is Reason.LIMIT_REACHED:
        facts["limit"] = _LISTS.get(facts["limit"], (facts["limit"], facts["limit"]))[language == "fr"]
    if "reset" in facts:
        facts["reset"] = facts["reset"].replace("T", " ").removesuffix("Z")[:16] + " UTC"
    return _TEXTS[fault.reason][language == "fr"].format_map(facts)


def help_text(language: str, url: str = "/v1/jobs") -> str:
    """What to do when a call cannot be held."""
    return _HELP[language == "fr"].format(url=url)


def failure_text(failure: Failure, language: str) -> str:
    """The sentence for a job that ended without pictures."""
    if failure.refusal is None:
        return text(Fault(failure.reason, ""), language)
    refusal = failure.refusal
    appealable = str(refusal.appealable).lower()
    fault = Fault(
        failure.reason, "", category=refusal.category, decision_id=refusal.decision_id, appealable=appealable
    )
    return text(fault, language)


def _detail_fr(detail: str) -> str:
    if detail in _DETAILS_FR:
        return _DETAILS_FR[detail]
    for start, french in _DETAIL_STARTS_FR.items():
        if detail.startswith(start):
            rest = detail.removeprefix(start).strip()
            for english, other in _DETAIL_WORDS_FR.items():
                rest = rest.replace(english, other)
            return f"{french} {rest}"
    return detail
