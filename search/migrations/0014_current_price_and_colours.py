"""Searches filter on what a product costs now, and on its colours: the triggers of 0002 with these facts."""

import django.contrib.postgres.fields
from django.db import migrations, models

FACTS = "category_id, brand, current_price, attributes, colours, is_active"
FORMER_FACTS = "category_id, brand, price, attributes, is_active"


def follow(facts: str) -> str:
    def of(row: str) -> str:
        return ", ".join(f"{row}.{fact}" for fact in facts.split(", "))

    return f"""
CREATE OR REPLACE FUNCTION search_embedding_fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.id, {of("p")}
    INTO STRICT NEW.product_id, {of("NEW")}
    FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
    WHERE i.id = NEW.image_id
    FOR SHARE OF p;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION search_embedding_follow_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_embedding e
    SET ({facts}) = ROW({of("n")})
    FROM changed n JOIN former o ON o.id = n.id
    WHERE e.product_id = n.id AND ({of("n")}) IS DISTINCT FROM ({of("o")});
    RETURN NULL;
END $$;
"""


# Whoever has a sale price.
FILL = """
UPDATE search_embedding e SET current_price = p.current_price FROM catalog_product p
WHERE p.id = e.product_id AND e.current_price IS DISTINCT FROM p.current_price
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0013_trainings"), ("catalog", "0012_looks_and_current_price")]

    operations = [
        migrations.RenameField(model_name="embedding", old_name="price", new_name="current_price"),
        migrations.AddField(
            model_name="embedding",
            name="colours",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=9), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.RunSQL(follow(FACTS), follow(FORMER_FACTS)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
