"""Search by words: the text of a product holds its categories and attributes, and a trigger keeps it (text_search.py)."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

FOLD = r"""
CREATE FUNCTION catalog_fold(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(replace(replace(replace(
        lower(regexp_replace(normalize(text, NFKD), '[\u0300-\u036f]', '', 'g')),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđ', 'old')
$$;
"""

TRIGRAMS = """
CREATE FUNCTION catalog_trigrams(word text) RETURNS varchar[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr('  ' || word || ' ', n, 3)::varchar) FROM generate_series(1, length(word) + 1) AS n
$$;
"""

# Words as they are written and their stems in both languages; umlauts also as ae, oe, ue; T-shirt also as tshirt.
# The gap keeps a phrase from matching the end of one stretch and the beginning of the next.
LEXEMES = r"""
CREATE FUNCTION catalog_lexemes(text text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ts_delete(to_tsvector('simple', plain) || to_tsvector('english', plain) || to_tsvector('german', plain), 'zzgap')
    FROM (
        SELECT 'zzgap ' || regexp_replace(catalog_fold(concat_ws(' ', text,
            CASE WHEN text ~ '[äöüÄÖÜ]' THEN
                replace(replace(replace(replace(replace(replace(
                    text, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue') END,
            CASE WHEN text ~ '[[:alnum:]][-_.][[:alnum:]]' THEN
                regexp_replace(text, '([[:alnum:]])[-_.]+(?=[[:alnum:]])', '\1', 'g') END
        )), '[^[:alnum:]]+', ' ', 'g') AS plain
    ) AS folded
$$;
"""

SEARCH_TEXT = """
CREATE FUNCTION catalog_search_text(
    title text, brand text, sku text, description text, attributes jsonb, category bigint
) RETURNS tsvector LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above (id, name, parent_id, level) AS (
        SELECT id, name, parent_id, 1 FROM catalog_category WHERE id = category
        UNION ALL
        SELECT c.id, c.name, c.parent_id, level + 1 FROM catalog_category c JOIN above ON c.id = above.parent_id
        WHERE level < 20
    )
    SELECT setweight(catalog_lexemes(title), 'A')
        || setweight(catalog_lexemes(
               concat_ws(' ', brand, sku, (SELECT string_agg(name, ' ' ORDER BY level) FROM above))), 'B')
        || setweight(catalog_lexemes(concat_ws(' ', left(description, 20000), (
               SELECT left(string_agg(concat_ws(' ', key, value #>> '{}'), ' '), 20000)
               FROM jsonb_each(CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{}' END)
               WHERE jsonb_typeof(value) IN ('string', 'number', 'array')))), 'C')
$$;
"""

FOLLOW_PRODUCT = """
CREATE FUNCTION catalog_product_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER catalog_product_search_text BEFORE INSERT OR UPDATE ON catalog_product
    FOR EACH ROW EXECUTE FUNCTION catalog_product_search_text();
"""

# A category that gets another name or place changes the text of all products below it.
FOLLOW_CATEGORY = """
CREATE FUNCTION catalog_category_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('catalog.new_categories', 'on', true);
    UPDATE catalog_product SET search_text = NULL WHERE category_id IN (
        WITH RECURSIVE below (id) AS (
            SELECT NEW.id UNION SELECT c.id FROM catalog_category c JOIN below ON c.parent_id = below.id
        ) SELECT id FROM below);
    PERFORM set_config('catalog.new_categories', '', true);
    RETURN NULL;
END $$;
CREATE TRIGGER catalog_category_search_text AFTER UPDATE ON catalog_category
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.parent_id IS DISTINCT FROM NEW.parent_id)
    EXECUTE FUNCTION catalog_category_search_text();
"""

FILL = "UPDATE catalog_product SET search_text = NULL"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_photos_by_url")]

    operations = [
        migrations.RemoveIndex("product", "product_search_text"),
        migrations.RemoveField("product", "search_text"),
        migrations.AddField(
            "product",
            "search_text",
            django.contrib.postgres.search.SearchVectorField(editable=False, null=True),
        ),
        migrations.RunSQL(FOLD, "DROP FUNCTION catalog_fold(text)"),
        migrations.RunSQL(TRIGRAMS, "DROP FUNCTION catalog_trigrams(text)"),
        migrations.RunSQL(LEXEMES, "DROP FUNCTION catalog_lexemes(text)"),
        migrations.RunSQL(SEARCH_TEXT, "DROP FUNCTION catalog_search_text(text, text, text, text, jsonb, bigint)"),
        migrations.RunSQL(
            FOLLOW_PRODUCT,
            "DROP TRIGGER catalog_product_search_text ON catalog_product; DROP FUNCTION catalog_product_search_text()",
        ),
        migrations.RunSQL(
            FOLLOW_CATEGORY,
            "DROP TRIGGER catalog_category_search_text ON catalog_category;"
            " DROP FUNCTION catalog_category_search_text()",
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            "product",
            django.contrib.postgres.indexes.GinIndex(fields=["search_text"], name="product_search_text"),
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        help_text="Words that mean the same, with commas between them, such as: sofa, couch, settee.",
                        size=None,
                        verbose_name="words",
                    ),
                ),
                (
                    "folded",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), editable=False, size=None
                    ),
                ),
            ],
            options={
                "verbose_name": "synonyms",
                "verbose_name_plural": "synonyms",
                "ordering": ["words"],
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["folded"], name="synonym_folded")],
            },
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                ("word", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("written", models.CharField(max_length=60)),
                ("uses", models.PositiveIntegerField()),
                (
                    "trigrams",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), size=None),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["trigrams"], name="search_word_trigrams")
                ],
            },
        ),
    ]
