"""What a version is never changes once it was ready: calls, receipts and rollbacks refer to it by number."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION model_registry_version_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('ready', 'retired') AND (NEW.model_id, NEW.number, NEW.digest, NEW.manifest, NEW.service)
            IS DISTINCT FROM (OLD.model_id, OLD.number, OLD.digest, OLD.manifest, OLD.service) THEN
        RAISE EXCEPTION 'a version is immutable; upload a new one' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('ready', 'retired') AND NEW.state NOT IN ('ready', 'retired') THEN
        RAISE EXCEPTION 'a version that was ready can only be retired' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER model_registry_version_immutable BEFORE UPDATE ON model_registry_modelversion
    FOR EACH ROW EXECUTE FUNCTION model_registry_version_immutable();
"""
BACKWARD = """
DROP TRIGGER model_registry_version_immutable ON model_registry_modelversion;
DROP FUNCTION model_registry_version_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("model_registry", "0003_own_models")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
