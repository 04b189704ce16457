"""Triggers that keep the facts copied onto search_embedding true, whoever writes: Django, SQL, or a bulk update.

An embedding being written takes a share lock on its product, so a product being changed at the same time is waited for, and the
change that comes second sees the first: no order of commits leaves a stale copy.
"""

from django.db import migrations

FILL = """
CREATE FUNCTION search_embedding_fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.id, p.category_id, p.brand, p.price, p.attributes, p.is_active
    INTO STRICT NEW.product_id, NEW.category_id, NEW.brand, NEW.price, NEW.attributes, NEW.is_active
    FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
    WHERE i.id = NEW.image_id
    FOR SHARE OF p;
    RETURN NEW;
END $$;
CREATE TRIGGER search_embedding_fill BEFORE INSERT OR UPDATE OF image_id, product_id ON search_embedding
    FOR EACH ROW EXECUTE FUNCTION search_embedding_fill();
"""

FOLLOW_PRODUCT = """
CREATE FUNCTION search_embedding_follow_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_embedding e
    SET category_id = n.category_id, brand = n.brand, price = n.price, attributes = n.attributes, is_active = n.is_active
    FROM changed n JOIN former o ON o.id = n.id
    WHERE e.product_id = n.id
      AND (n.category_id, n.brand, n.price, n.attributes, n.is_active)
          IS DISTINCT FROM (o.category_id, o.brand, o.price, o.attributes, o.is_active);
    RETURN NULL;
END $$;
CREATE TRIGGER search_embedding_follow_product AFTER UPDATE ON catalog_product
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION search_embedding_follow_product();
"""

FOLLOW_PHOTO = """
CREATE FUNCTION search_embedding_follow_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_embedding SET product_id = NEW.product_id WHERE image_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_embedding_follow_photo AFTER UPDATE OF product_id ON catalog_productimage
    FOR EACH ROW WHEN (NEW.product_id <> OLD.product_id) EXECUTE FUNCTION search_embedding_follow_photo();
"""

# A changed price must not grow the HNSW index: with room on the page and no indexed column changed, the update is HOT.
ROOM_FOR_HOT_UPDATES = "ALTER TABLE search_embedding SET (fillfactor = 80)"


def trigger(sql: str, name: str, table: str) -> migrations.RunSQL:
    return migrations.RunSQL(sql, f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]

    operations = [
        trigger(FILL, "search_embedding_fill", "search_embedding"),
        trigger(FOLLOW_PRODUCT, "search_embedding_follow_product", "catalog_product"),
        trigger(FOLLOW_PHOTO, "search_embedding_follow_photo", "catalog_productimage"),
        migrations.RunSQL(ROOM_FOR_HOT_UPDATES, "ALTER TABLE search_embedding RESET (fillfactor)"),
    ]
