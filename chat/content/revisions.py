"""Revisions as a facet: what a message said before. They are no part of the entity, and outlive a deletion."""

from chat.content.facets import Facet, register
from chat.models import Revision

register(Facet(name="revisions", models=(Revision,), emptied="for good"))
