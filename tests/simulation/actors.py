"""Who else is at work: a colleague in the platform's console, and a person who puts in order what the program left to them."""

from __future__ import annotations

from reconciler.journal.entry import NO_COLUMNS, Entry, Event
from reconciler.journal.recall import Notes
from tests.simulation.oracle import WHOLE_ACCOUNT
from tests.simulation.process import Account, Place
from tests.simulation.script import Fault, Strike
from tests.simulation.servers import FOREIGN, Campaign


def meddle(place: Place, strike: Strike) -> bool:
    """A colleague does something in the console; False where there is nothing to do it to."""
    account = list(place.accounts.values())[strike.size // 8 % len(place.accounts)]
    server = account.server
    server.catch_up()
    mine = [campaign for campaign in server.now.campaigns.values() if campaign.id != FOREIGN]
    if strike.fault is Fault.BAR:
        server.change().barred.setdefault(WHOLE_ACCOUNT, set()).add(1 + strike.size % 3)
        return True
    if not mine:
        return False
    campaign = mine[strike.size % len(mine)]
    if strike.fault is Fault.UNLOAD and not campaign.rows:
        return False
    state = server.change()
    match strike.fault:
        case Fault.EDIT:
            campaign.fields["speed"] = 50 + strike.size
        case Fault.SWITCH:
            campaign.started = not campaign.started
        case Fault.DELETE:
            del state.campaigns[campaign.id]
        case Fault.UNLOAD:
            key = sorted(campaign.rows)[strike.size % len(campaign.rows)]
            del campaign.rows[key]
            account.oracle.unloaded(campaign.id, key)
    account.oracle.meddled(campaign.id)
    return True


def tidy(place: Place) -> bool:
    """A person does what a blocked plan asks for: of namesakes one stays, and a campaign that only we can have made is
    adopted (`reconciler import`). Whether there was anything to do.
    """
    tidied = [_tidied(place, account) for account in place.accounts.values()]
    return any(tidied)


def _tidied(place: Place, account: Account) -> bool:
    server = account.server
    notes: Notes = place.disk.notes
    namesakes = [one for one in server.now.campaigns.values() if one.name == account.wishes.campaign.name]
    owned = notes.by_address.get(account.wishes.campaign)
    if not namesakes:
        return False
    keep = next((one for one in namesakes if owned and one.id == owned.id), max(namesakes, key=lambda one: len(one.rows)))
    for other in namesakes:
        if other is not keep:
            server.change().campaigns.pop(other.id)
    if owned is None or owned.id != keep.id:
        _adopt(place, account, keep)
    elif len(namesakes) == 1:
        return False
    place.world.tell("person", "tidied up:", keep.id, "stays of", len(namesakes))
    return True


def _adopt(place: Place, account: Account, campaign: Campaign) -> None:
    """`adopt._write`, without rows: where rows can be listed they are compared with what is there."""
    address, container = account.wishes.campaign, account.wishes.target.container
    facts = {"id": campaign.id, "name": campaign.name, "container": container, "fields": {}, "protect": False}
    entry = Entry(event=Event.ADOPTED, at=place.world.now(), run="import", address=address, container=container, facts=facts)
    place.disk.add(entry, NO_COLUMNS, 0, late=True)
    place.disk.sync()
