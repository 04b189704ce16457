"""The embeddings spread by photo over the servers of a Citus cluster: docs/decisions/distribution.md.

Citus allows no trigger on a table that it spreads or copies to all servers. So products, photos and models stay on the
coordinator, whose triggers keep the facts on embeddings true by plain statements with constants; a new row brings its
facts with it (search/indexing/embed.py).
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import Error
from psycopg import sql

CONSTRAINTS = """
SELECT conname FROM pg_constraint WHERE conrelid = 'search_embedding'::regclass AND contype = 'f'
"""

# Instead of those of migrations search/0002 and 0014 and of the foreign keys' cascades.
TRIGGERS = """
DROP TRIGGER search_embedding_fill ON search_embedding;

CREATE OR REPLACE FUNCTION search_embedding_follow_product() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    product record;
BEGIN
    FOR product IN
        SELECT n.* FROM changed n JOIN former o ON o.id = n.id
        WHERE (n.category_id, n.brand, n.current_price, n.attributes, n.colours, n.is_active)
              IS DISTINCT FROM (o.category_id, o.brand, o.current_price, o.attributes, o.colours, o.is_active)
    LOOP
        UPDATE search_embedding
        SET category_id = product.category_id, brand = product.brand, current_price = product.current_price,
            attributes = product.attributes, colours = product.colours, is_active = product.is_active
        WHERE product_id = product.id;
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION search_embedding_follow_photo() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    product record;
BEGIN
    SELECT * INTO STRICT product FROM catalog_product WHERE id = NEW.product_id FOR SHARE;
    UPDATE search_embedding
    SET product_id = product.id, category_id = product.category_id, brand = product.brand,
        current_price = product.current_price, attributes = product.attributes, colours = product.colours,
        is_active = product.is_active
    WHERE image_id = NEW.id;
    RETURN NULL;
END $$;
"""

# Deletes the embeddings of the rows that a statement has deleted from another table.
FORGET = """
CREATE FUNCTION search_embedding_forget_{what}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint[] := ARRAY(SELECT id FROM former);
BEGIN
    DELETE FROM search_embedding WHERE {key} = ANY(deleted);
    RETURN NULL;
END $$;
CREATE TRIGGER search_embedding_forget_{what} AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION search_embedding_forget_{what}();
"""


class NoCitus(RuntimeError):
    """This server cannot distribute; str() says why and what to do."""


def distribute() -> bool:
    """Spread search_embedding over the cluster, in one transaction: what fails changes nothing. False where it is.

    Raises NoCitus.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _require_citus(cursor)
        cursor.execute("SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'search_embedding'::regclass")
        if cursor.fetchone():
            return False
        replace_triggers(cursor)
        cursor.execute("SELECT create_distributed_table('search_embedding', 'image_id')")
        for name, value in settings.POSTGRES_SETTINGS.items():  # a session's settings do not reach the other servers
            statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
            database = sql.Identifier(connection.settings_dict["NAME"])
            cursor.execute(statement.format(database, sql.Identifier(*name.split(".")), sql.Literal(value)))
    return True


def replace_triggers(cursor: CursorWrapper) -> None:
    """The facts on embeddings, and their end with their photo or model, without a trigger or a key on them."""
    cursor.execute(CONSTRAINTS)
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("ALTER TABLE search_embedding DROP CONSTRAINT {}").format(sql.Identifier(name)))
    cursor.execute(TRIGGERS)
    cursor.execute(FORGET.format(what="photos", key="image_id", table="catalog_productimage"))
    cursor.execute(FORGET.format(what="models", key="model_id", table="ml_modelversion"))


def _require_citus(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'citus'")
    if not cursor.fetchone():
        raise NoCitus(
            "This Postgres server has no Citus, and one server needs none. Where one is too small, install Citus on"
            " each (docs/scaling.md), then run this again."
        )
    try:
        with transaction.atomic():
            cursor.execute("CREATE EXTENSION IF NOT EXISTS citus")
    except Error as error:
        reason = " ".join(str(error).split())
        raise NoCitus(
            f"Citus is installed and cannot be used: {reason} Set shared_preload_libraries to citus."
        ) from error
