"""A price is never edited: usage refers to it by version, so a change is a new row."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION model_registry_price_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a price is immutable; write a new version' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER model_registry_price_immutable BEFORE UPDATE ON model_registry_price
    FOR EACH ROW EXECUTE FUNCTION model_registry_price_immutable();
"""
BACKWARD = """
DROP TRIGGER model_registry_price_immutable ON model_registry_price;
DROP FUNCTION model_registry_price_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("model_registry", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
