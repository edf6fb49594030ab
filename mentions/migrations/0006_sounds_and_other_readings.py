"""The terms of names saved before, with how their words sound and are read otherwise, in simplified characters.

Beside the traffic, a million names in about half an hour: what has not been written anew yet is found as it was. Begins
anew where it broke off.
"""

from django.db import migrations

from artifacts.models import name_terms

BATCH = 500


def write_anew(apps, schema_editor):
    artifact = apps.get_model("artifacts", "Artifact")
    saved = artifact._base_manager.using(schema_editor.connection.alias).exclude(name_terms="")
    pks = list(saved.order_by("created_at").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        changed = []
        rows = saved.filter(pk__in=pks[start : start + BATCH])
        for row in rows.only("pk", "name", "saved_at", "name_terms"):
            terms = name_terms(row.name)
            if terms != row.name_terms:
                row.name_terms = terms
                changed.append(row)
        saved.bulk_update(changed, ["name_terms"])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mentions", "0005_letters_beside_the_index"), ("artifacts", "0014_tally")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop)]
