"""What a photo shows at a glance (catalog/photos/looks.py), its product's colours, and what a product costs now.

Triggers keep a product's colours, those of its first photo, and put them into its text: in blue finds what is blue.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.comparison
from django.db import migrations, models

FOLLOW_PHOTO = """
CREATE FUNCTION catalog_product_colours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_product AS product SET colours = seen.colours
    FROM (
        SELECT p.id, coalesce((
            SELECT i.colours FROM catalog_productimage i
            WHERE i.product_id = p.id AND i.error = '' AND i.colours IS NOT NULL ORDER BY i.position, i.id LIMIT 1
        ), '{}') AS colours
        FROM catalog_product p WHERE p.id IN (OLD.product_id, NEW.product_id)
    ) AS seen
    WHERE product.id = seen.id AND product.colours <> seen.colours;
    RETURN NULL;
END $$;
CREATE TRIGGER catalog_product_colours AFTER UPDATE OF colours, position, error, product_id ON catalog_productimage
    FOR EACH ROW EXECUTE FUNCTION catalog_product_colours();
CREATE TRIGGER catalog_product_colours_gained AFTER INSERT ON catalog_productimage
    FOR EACH ROW WHEN (NEW.colours IS NOT NULL) EXECUTE FUNCTION catalog_product_colours();
CREATE TRIGGER catalog_product_colours_lost AFTER DELETE ON catalog_productimage
    FOR EACH ROW WHEN (OLD.colours IS NOT NULL) EXECUTE FUNCTION catalog_product_colours();
"""

# {colour: what shoppers call it, in English and German}
WORDS = """
CREATE FUNCTION catalog_colour_words(colours varchar[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg('{"black": "black schwarz", "grey": "grey gray grau", "white": "white weiß", "beige": "beige",
        "brown": "brown braun", "red": "red rot", "orange": "orange", "yellow": "yellow gelb", "green": "green grün",
        "turquoise": "turquoise türkis", "blue": "blue blau", "purple": "purple violet lila violett",
        "pink": "pink rosa"}'::jsonb ->> colour, ' ')
    FROM unnest(colours) AS colour
$$;
"""

FOLLOW_PRODUCT = """
CREATE OR REPLACE FUNCTION catalog_product_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.search_text IS NOT NULL
       AND (NEW.title, NEW.brand, NEW.sku, NEW.description, NEW.attributes, NEW.category_id, NEW.colours)
           IS NOT DISTINCT FROM
           (OLD.title, OLD.brand, OLD.sku, OLD.description, OLD.attributes, OLD.category_id, OLD.colours)
       AND current_setting('catalog.new_categories', true) IS DISTINCT FROM 'on' THEN
        NEW.search_text := OLD.search_text;
    ELSE
        NEW.search_text := catalog_search_text(
            NEW.title, NEW.brand, NEW.sku, NEW.description, NEW.attributes, NEW.category_id)
            || setweight(catalog_lexemes(coalesce(catalog_colour_words(NEW.colours), '')), 'D');
    END IF;
    RETURN NEW;
END $$;
"""

FORMER_FOLLOW_PRODUCT = """
CREATE OR REPLACE FUNCTION catalog_product_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.search_text IS NOT NULL
       AND (NEW.title, NEW.brand, NEW.sku, NEW.description, NEW.attributes, NEW.category_id)
           IS NOT DISTINCT FROM (OLD.title, OLD.brand, OLD.sku, OLD.description, OLD.attributes, OLD.category_id)
       AND current_setting('catalog.new_categories', true) IS DISTINCT FROM 'on' THEN
        NEW.search_text := OLD.search_text;
    ELSE
        NEW.search_text := catalog_search_text(
            NEW.title, NEW.brand, NEW.sku, NEW.description, NEW.attributes, NEW.category_id);
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_default_currency")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="colours",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=9), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="current_price",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        price__isnull=False,
                        then=django.db.models.functions.comparison.Least("price", "sale_price"),
                    )
                ),
                output_field=models.DecimalField(decimal_places=2, max_digits=12, null=True),
            ),
        ),
        migrations.AddField(
            model_name="productimage",
            name="colours",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=9), editable=False, null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="productimage",
            name="focus",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.FloatField(), editable=False, null=True, size=4
            ),
        ),
        migrations.AddField(
            model_name="productimage",
            name="ground",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=7),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(fields=["colours"], name="product_colours"),
        ),
        migrations.AddIndex(
            model_name="product", index=models.Index(fields=["current_price"], name="product_current_price")
        ),
        migrations.AddIndex(
            model_name="productimage",
            index=models.Index(
                condition=models.Q(("colours", None), ("error", "")), fields=["id"], name="photo_not_looked_at"
            ),
        ),
        migrations.RunSQL(
            FOLLOW_PHOTO,
            "DROP FUNCTION catalog_product_colours() CASCADE",
        ),
        migrations.RunSQL(WORDS, "DROP FUNCTION catalog_colour_words(varchar[])"),
        migrations.RunSQL(FOLLOW_PRODUCT, FORMER_FOLLOW_PRODUCT),
    ]
