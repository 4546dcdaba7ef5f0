"""The data collection rule that rows come in by, and tables of one's own, as templates of Azure Resource Manager."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from vedette.errors import UsageError
from vedette.kql.check.schema import shipped
from vedette.sentinel.shipping.mapping import Table, shipped_mapping

FILE: Final = "shipping.json"
#: Of the REST interfaces of data collection rules, tables and role assignments.
RULES_API: Final = "2023-03-11"
TABLES_API: Final = "2022-10-01"
ROLES_API: Final = "2022-04-01"
#: The role Monitoring Metrics Publisher, which is the same in every tenant.
PUBLISHER: Final = "3913510d-42f4-4e42-8a64-420c390055eb"
_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_RULES: Final = "Microsoft.Insights/dataCollectionRules"
_TABLES: Final = "Microsoft.OperationalInsights/workspaces/tables"
#: Kusto's types as stream declarations and tables call them.
_TYPES: Final = {"bool": "boolean"}
_DESTINATION: Final = "workspace"


def template(custom: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A template that makes the rule, tables of one's own, and lets one identity send.

    Args:
        custom: kind of event to the name of a table of one's own, which ends in `_CL` and takes the place of the
            native one.

    Raises:
        UsageError: a name is none of a custom table.
    """
    custom = dict(custom or {})
    for name in custom.values():
        if not (name.endswith("_CL") and name[:-3].replace("_", "").isalnum() and name[0].isalpha()):
            raise UsageError(f"{name!r} is no name of a custom table: letters, digits and _, ending in _CL")
    tables = shipped_mapping().tables
    own = [_table(table, custom[table.kind]) for table in tables if table.kind in custom]
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            "workspace": _parameter("Name of the Log Analytics workspace, in the resource group of the deployment"),
            "location": _parameter("Region of the workspace; the rule must lie there", "[resourceGroup().location]"),
            "rule": _parameter("Name of the data collection rule", "vedette-ship"),
            "dataCollectionEndpoint": _parameter(
                "Resource id of a data collection endpoint, which private link needs; empty for the rule's own", ""
            ),
            "principal": _parameter("Object id of the identity that ships; empty to assign no role", ""),
        },
        "resources": [*own, _rule(tables, custom), _role()],
        "outputs": {
            "dcr": {"type": "string", "value": f"[reference({_RULE_ID}, '{RULES_API}').immutableId]"},
            "dce": {"type": "string", "value": f"[reference({_RULE_ID}, '{RULES_API}').endpoints.logsIngestion]"},
        },
    }


_RULE_ID: Final = f"resourceId('{_RULES}', parameters('rule'))"


def _parameter(description: str, default: str | None = None) -> dict[str, Any]:
    given = {} if default is None else {"defaultValue": default}
    return {"type": "string", **given, "metadata": {"description": description}}


def _columns(table: Table) -> list[dict[str, str]]:
    types = shipped().tables[table.name]
    return [{"name": name, "type": _TYPES.get(types[name], types[name])} for name in table.written]


def _rule(tables: Iterable[Table], custom: Mapping[str, str]) -> dict[str, Any]:
    streams, flows = {}, []
    for table in tables:
        streams[table.stream] = {"columns": _columns(table)}
        own = custom.get(table.kind)
        flows.append(
            {
                "streams": [table.stream],
                "destinations": [_DESTINATION],
                # Rows have the columns of the table already.
                "transformKql": "source",
                "outputStream": f"Custom-{own}" if own else f"Microsoft-{table.name}",
            }
        )
    return {
        "type": _RULES,
        "apiVersion": RULES_API,
        "name": "[parameters('rule')]",
        "location": "[parameters('location')]",
        "kind": "Direct",
        "dependsOn": [f"[resourceId('{_TABLES}', parameters('workspace'), '{name}')]" for name in custom.values()],
        "properties": {
            "description": "Process starts and connections out of audit logs, as Vedette ships them",
            "dataCollectionEndpointId": (
                "[if(empty(parameters('dataCollectionEndpoint')), json('null'), parameters('dataCollectionEndpoint'))]"
            ),
            "streamDeclarations": streams,
            "destinations": {
                "logAnalytics": [
                    {
                        "workspaceResourceId": (
                            "[resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))]"
                        ),
                        "name": _DESTINATION,
                    }
                ]
            },
            "dataFlows": flows,
        },
    }


def _table(table: Table, name: str) -> dict[str, Any]:
    columns = [
        # Tables write the type of times otherwise than streams do.
        {**column, "type": "dateTime" if column["type"] == "datetime" else column["type"]}
        for column in _columns(table)
    ]
    return {
        "type": _TABLES,
        "apiVersion": TABLES_API,
        "name": f"[concat(parameters('workspace'), '/{name}')]",
        "properties": {"plan": "Analytics", "schema": {"name": name, "columns": columns}},
    }


def _role() -> dict[str, Any]:
    return {
        "condition": "[not(empty(parameters('principal')))]",
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": ROLES_API,
        "scope": f"[{_RULE_ID}]",
        "name": f"[guid({_RULE_ID}, parameters('principal'), '{PUBLISHER}')]",
        "dependsOn": [f"[{_RULE_ID}]"],
        "properties": {
            "roleDefinitionId": (f"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{PUBLISHER}')]"),
            "principalId": "[parameters('principal')]",
        },
    }


def write(folder: str | os.PathLike[str], custom: Mapping[str, str] | None = None) -> Path:
    """Write the template into a folder, which is made if it is not there; the file is only ever seen whole.

    Raises:
        UsageError: it can't be written, or a name is none of a custom table.
    """
    text = msgspec.json.format(msgspec.json.encode(template(custom))) + b"\n"
    place = Path(folder) / FILE
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            beside.write_bytes(text)
            return beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"can't write {error.filename or folder}: {error.strerror}; name another folder") from None
