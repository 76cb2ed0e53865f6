from __future__ import annotations

from chat.entities.reports import Report as ReportEntity
from chat.models import Report
from chat.queries.sync.own import newest_own
from chat.queries.sync.page import Page, reads


@reads(ReportEntity)
def reports(page: Page) -> list[ReportEntity]:
    """Return the reports that the member made."""
    return [report.entity() for report in newest_own(Report, page, owner="reporter_id")]
