"""Triggers for what checks can't say: the ledger only grows, prices and finalized invoices stand."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER usage_event_append_only BEFORE UPDATE OR DELETE ON billing_usage_event
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('the ledger is append only, write a correction');
CREATE TRIGGER price_immutable BEFORE UPDATE OR DELETE ON billing_price
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('a price version never changes, publish the next one');
CREATE TRIGGER price_tier_immutable BEFORE UPDATE OR DELETE ON billing_price_tier
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('a price version never changes, publish the next one');

CREATE FUNCTION billing_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  movable text[] := ARRAY['status', 'amount_paid', 'paid_at'];
  lines bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.status <> 'draft' THEN
      RAISE EXCEPTION 'invoice % is finalized', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.status = 'draft' THEN
    IF NEW.status NOT IN ('draft', 'issued') THEN
      RAISE EXCEPTION 'a draft can only be issued' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'issued' THEN
      SELECT coalesce(sum(amount), 0) INTO lines FROM billing_invoice_line WHERE invoice_id = NEW.id;
      IF lines <> NEW.subtotal THEN
        RAISE EXCEPTION 'lines add up to %, the subtotal is %', lines, NEW.subtotal USING ERRCODE = 'check_violation';
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - movable IS DISTINCT FROM to_jsonb(OLD) - movable THEN
    RAISE EXCEPTION 'invoice % is finalized', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       OLD.status = 'issued' AND NEW.status IN ('paid', 'past_due', 'void')
       OR OLD.status = 'past_due' AND NEW.status IN ('paid', 'void')) THEN
    RAISE EXCEPTION 'invoice % can not go from % to %', OLD.number, OLD.status, NEW.status
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.status IN ('paid', 'void') AND to_jsonb(NEW) IS DISTINCT FROM to_jsonb(OLD) THEN
    RAISE EXCEPTION 'invoice % is %', OLD.number, OLD.status USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_guard BEFORE UPDATE OR DELETE ON billing_invoice
  FOR EACH ROW EXECUTE FUNCTION billing_guard_invoice();

CREATE FUNCTION billing_guard_new_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'draft' THEN
    RAISE EXCEPTION 'an invoice starts as a draft' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_starts_as_draft BEFORE INSERT ON billing_invoice
  FOR EACH ROW EXECUTE FUNCTION billing_guard_new_invoice();

CREATE FUNCTION billing_guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  invoice bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.invoice_id ELSE NEW.invoice_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM billing_invoice WHERE id = invoice AND status <> 'draft')
     OR TG_OP = 'UPDATE' AND OLD.invoice_id <> NEW.invoice_id THEN
    RAISE EXCEPTION 'the invoice of this line is finalized' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER invoice_line_guard BEFORE INSERT OR UPDATE OR DELETE ON billing_invoice_line
  FOR EACH ROW EXECUTE FUNCTION billing_guard_line();

CREATE FUNCTION billing_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.currency <> OLD.currency AND EXISTS (SELECT 1 FROM billing_invoice WHERE account_id = OLD.id) THEN
    RAISE EXCEPTION 'the currency stays after the first invoice' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER account_currency_guard BEFORE UPDATE ON billing_account
  FOR EACH ROW EXECUTE FUNCTION billing_guard_account();
"""

UNGUARD = """
DROP TRIGGER account_currency_guard ON billing_account; DROP FUNCTION billing_guard_account();
DROP TRIGGER invoice_line_guard ON billing_invoice_line; DROP FUNCTION billing_guard_line();
DROP TRIGGER invoice_starts_as_draft ON billing_invoice; DROP FUNCTION billing_guard_new_invoice();
DROP TRIGGER invoice_guard ON billing_invoice; DROP FUNCTION billing_guard_invoice();
DROP TRIGGER price_tier_immutable ON billing_price_tier; DROP TRIGGER price_immutable ON billing_price;
DROP TRIGGER usage_event_append_only ON billing_usage_event; DROP FUNCTION billing_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunSQL(GUARDS, UNGUARD)]
