"""Triggers for what checks can't say about payments, and the database's own sense of a billing period."""

from django.db import migrations

GUARDS = """
UPDATE billing_plan SET kind = 'free' WHERE code = 'free';

-- Equal to billing.periods.month_of: the period of `moment` where periods begin on day `anchor` of a month.
CREATE FUNCTION billing_period_start(moment timestamptz, anchor int) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  WITH s AS (SELECT moment AT TIME ZONE 'UTC' AS t, date_trunc('month', moment AT TIME ZONE 'UTC') AS this),
  b AS (SELECT t,
      this + (least(anchor, extract(day FROM this + interval '1 month' - interval '1 day')::int) - 1)
        * interval '1 day' AS here,
      this - interval '1 month' + (least(anchor, extract(day FROM this - interval '1 day')::int) - 1)
        * interval '1 day' AS before
    FROM s)
  SELECT (CASE WHEN t >= here THEN here ELSE before END) AT TIME ZONE 'UTC' FROM b
$$;

CREATE TRIGGER credit_tx_append_only BEFORE UPDATE OR DELETE ON billing_credit_tx
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('credit moves by further entries only');
CREATE FUNCTION billing_move_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE billing_credit_grant SET balance = balance + NEW.amount WHERE id = NEW.grant_id;
  RETURN NEW;
END $$;
CREATE TRIGGER credit_tx_moves AFTER INSERT ON billing_credit_tx FOR EACH ROW EXECUTE FUNCTION billing_move_credit();

CREATE TRIGGER agreement_immutable BEFORE UPDATE OR DELETE ON billing_provider_agreement
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('terms never change, agree on the next version');
CREATE TRIGGER tax_rate_immutable BEFORE UPDATE OR DELETE ON billing_tax_rate
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('a rate never changes, make another');

CREATE FUNCTION billing_guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.invoice_id, NEW.number, NEW.amount, NEW.currency, NEW.request)
      IS DISTINCT FROM (OLD.invoice_id, OLD.number, OLD.amount, OLD.currency, OLD.request) THEN
    RAISE EXCEPTION 'the request of attempt % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.status = 'succeeded' AND NEW.status <> 'succeeded' THEN
    RAISE EXCEPTION 'attempt % succeeded, that is final', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER attempt_guard BEFORE UPDATE ON billing_payment_attempt
  FOR EACH ROW EXECUTE FUNCTION billing_guard_attempt();
CREATE TRIGGER attempt_stays BEFORE DELETE ON billing_payment_attempt
  FOR EACH ROW EXECUTE FUNCTION billing_refuse('an attempt stays');

CREATE FUNCTION billing_guard_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  paid bigint;
  given bigint;
BEGIN
  SELECT amount_paid INTO paid FROM billing_invoice WHERE id = NEW.invoice_id FOR UPDATE;
  SELECT coalesce(sum(amount), 0) INTO given FROM billing_credit_note
    WHERE invoice_id = NEW.invoice_id AND status <> 'failed' AND id <> NEW.id;
  IF NEW.status <> 'failed' AND given + NEW.amount > paid THEN
    RAISE EXCEPTION 'credit notes of % over an invoice of %', given + NEW.amount, paid
      USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.invoice_id, NEW.number, NEW.amount) IS DISTINCT FROM
      (OLD.invoice_id, OLD.number, OLD.amount) THEN
    RAISE EXCEPTION 'credit note % is issued', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER credit_note_guard BEFORE INSERT OR UPDATE ON billing_credit_note
  FOR EACH ROW EXECUTE FUNCTION billing_guard_credit_note();

CREATE FUNCTION billing_guard_payout_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.payout_id, NEW.amount, NEW.destination) IS DISTINCT FROM (OLD.payout_id, OLD.amount, OLD.destination) THEN
    RAISE EXCEPTION 'transfer % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_line_guard BEFORE UPDATE ON billing_payout_line
  FOR EACH ROW EXECUTE FUNCTION billing_guard_payout_line();

CREATE FUNCTION billing_guard_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'payout_id' IS DISTINCT FROM to_jsonb(OLD) - 'payout_id'
      OR (OLD.payout_id IS NOT NULL AND NEW.payout_id IS DISTINCT FROM OLD.payout_id) THEN
    RAISE EXCEPTION 'share line % stands', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER share_guard BEFORE UPDATE ON billing_revenue_share_line
  FOR EACH ROW EXECUTE FUNCTION billing_guard_share();
"""

UNGUARD = """
DROP TRIGGER share_guard ON billing_revenue_share_line; DROP FUNCTION billing_guard_share();
DROP TRIGGER payout_line_guard ON billing_payout_line; DROP FUNCTION billing_guard_payout_line();
DROP TRIGGER credit_note_guard ON billing_credit_note; DROP FUNCTION billing_guard_credit_note();
DROP TRIGGER attempt_stays ON billing_payment_attempt;
DROP TRIGGER attempt_guard ON billing_payment_attempt; DROP FUNCTION billing_guard_attempt();
DROP TRIGGER tax_rate_immutable ON billing_tax_rate; DROP TRIGGER agreement_immutable ON billing_provider_agreement;
DROP TRIGGER credit_tx_moves ON billing_credit_tx; DROP FUNCTION billing_move_credit();
DROP TRIGGER credit_tx_append_only ON billing_credit_tx;
DROP FUNCTION billing_period_start(timestamptz, int);
"""

MOVABLE = "ARRAY['status', 'amount_paid', 'paid_at'%s]"
PAYMENT = ", 'next_attempt_at', 'failed_at', 'dunning_step'"


def _let_payment_move(apps, schema_editor):
    _replace(schema_editor, MOVABLE % "", MOVABLE % PAYMENT)


def _keep_payment_still(apps, schema_editor):
    _replace(schema_editor, MOVABLE % PAYMENT, MOVABLE % "")


def _replace(schema_editor, old, new):
    """Rewrites one line of the guard of issued invoices; all its rules stay as 0002_guards wrote them."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('billing_guard_invoice'::regproc)")
        source = cursor.fetchone()[0]
        assert old in source
        cursor.execute(source.replace(old, new))


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_payments")]
    operations = [migrations.RunSQL(GUARDS, UNGUARD), migrations.RunPython(_let_payment_move, _keep_payment_still)]
