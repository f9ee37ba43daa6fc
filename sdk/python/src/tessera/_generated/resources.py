"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from tessera._base import (
    OMIT,
    AsyncPaginator,
    AsyncResource,
    AsyncSender,
    Call,
    FilePart,
    LazyModule,
    Omit,
    Paginator,
    Resource,
    Sender,
    quote,
)
from tessera.events import Event
from tessera.prediction import AsyncPrediction, Prediction

if TYPE_CHECKING:
    from tessera._generated import models as m
else:
    m = LazyModule("tessera._generated.models")


class AccessRequestsResource(Resource):
    """`client.access_requests`"""

    def list(self, *, limit: int | Omit = OMIT) -> Paginator[m.AccessRequest]:
        """List your requests for access."""
        return self._pages(m.AccessRequest, Call("GET", "/api/v1/access-requests", query={"limit": limit}))

    def create(
        self, *, model: str, purpose: str, plan: str | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.AccessRequest:
        """Ask for access to a gated model."""
        answer: m.AccessRequest = self._call(
            m.AccessRequest,
            Call(
                "POST",
                "/api/v1/access-requests",
                json={"model": model, "purpose": purpose, "plan": plan},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def delete(self, request_id: int) -> None:
        """Take a request back."""
        self._call(type(None), Call("DELETE", f"/api/v1/access-requests/{quote(request_id)}"))


class AsyncAccessRequestsResource(AsyncResource):
    """`client.access_requests`"""

    def list(self, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.AccessRequest]:
        """List your requests for access."""
        return self._pages(m.AccessRequest, Call("GET", "/api/v1/access-requests", query={"limit": limit}))

    async def create(
        self, *, model: str, purpose: str, plan: str | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.AccessRequest:
        """Ask for access to a gated model."""
        answer: m.AccessRequest = await self._call(
            m.AccessRequest,
            Call(
                "POST",
                "/api/v1/access-requests",
                json={"model": model, "purpose": purpose, "plan": plan},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def delete(self, request_id: int) -> None:
        """Take a request back."""
        await self._call(type(None), Call("DELETE", f"/api/v1/access-requests/{quote(request_id)}"))


class AccountResource(Resource):
    """`client.account`"""

    def retrieve(self) -> m.Account:
        """The account that a request speaks for."""
        answer: m.Account = self._call(m.Account, Call("GET", "/api/v1/account"))
        return answer


class AsyncAccountResource(AsyncResource):
    """`client.account`"""

    async def retrieve(self) -> m.Account:
        """The account that a request speaks for."""
        answer: m.Account = await self._call(m.Account, Call("GET", "/api/v1/account"))
        return answer


class ApiKeysResource(Resource):
    """`client.api_keys`"""

    def list(self, *, limit: int | Omit = OMIT) -> Paginator[m.ApiKey]:
        """List API keys."""
        return self._pages(m.ApiKey, Call("GET", "/api/v1/api-keys", query={"limit": limit}))

    def create(
        self,
        *,
        name: str,
        mode: str | Omit = OMIT,
        scopes: builtins.list[str] | Omit = OMIT,
        models: builtins.list[str] | Omit = OMIT,
        allowed_ips: builtins.list[str] | Omit = OMIT,
        rate_per_minute: int | Omit = OMIT,
        concurrency: int | Omit = OMIT,
        expires_at: str | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.NewApiKey:
        """Create an API key."""
        answer: m.NewApiKey = self._call(
            m.NewApiKey,
            Call(
                "POST",
                "/api/v1/api-keys",
                json={
                    "name": name,
                    "mode": mode,
                    "scopes": scopes,
                    "models": models,
                    "allowed_ips": allowed_ips,
                    "rate_per_minute": rate_per_minute,
                    "concurrency": concurrency,
                    "expires_at": expires_at,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def revoke(self, key_id: int) -> None:
        """Revoke an API key."""
        self._call(type(None), Call("DELETE", f"/api/v1/api-keys/{quote(key_id)}"))

    def rotate(self, key_id: int, *, grace_hours: int | Omit = OMIT, idempotency_key: str | None = None) -> m.NewApiKey:
        """Replace an API key, with an overlap."""
        answer: m.NewApiKey = self._call(
            m.NewApiKey,
            Call(
                "POST",
                f"/api/v1/api-keys/{quote(key_id)}/rotate",
                json={"grace_hours": grace_hours},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def set_team(self, key_id: int, *, team_id: int | None) -> m.ApiKey:
        """Put an API key into a team, or none."""
        answer: m.ApiKey = self._call(
            m.ApiKey, Call("PUT", f"/api/v1/api-keys/{quote(key_id)}/team", json={"team_id": team_id})
        )
        return answer


class AsyncApiKeysResource(AsyncResource):
    """`client.api_keys`"""

    def list(self, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.ApiKey]:
        """List API keys."""
        return self._pages(m.ApiKey, Call("GET", "/api/v1/api-keys", query={"limit": limit}))

    async def create(
        self,
        *,
        name: str,
        mode: str | Omit = OMIT,
        scopes: builtins.list[str] | Omit = OMIT,
        models: builtins.list[str] | Omit = OMIT,
        allowed_ips: builtins.list[str] | Omit = OMIT,
        rate_per_minute: int | Omit = OMIT,
        concurrency: int | Omit = OMIT,
        expires_at: str | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.NewApiKey:
        """Create an API key."""
        answer: m.NewApiKey = await self._call(
            m.NewApiKey,
            Call(
                "POST",
                "/api/v1/api-keys",
                json={
                    "name": name,
                    "mode": mode,
                    "scopes": scopes,
                    "models": models,
                    "allowed_ips": allowed_ips,
                    "rate_per_minute": rate_per_minute,
                    "concurrency": concurrency,
                    "expires_at": expires_at,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def revoke(self, key_id: int) -> None:
        """Revoke an API key."""
        await self._call(type(None), Call("DELETE", f"/api/v1/api-keys/{quote(key_id)}"))

    async def rotate(
        self, key_id: int, *, grace_hours: int | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.NewApiKey:
        """Replace an API key, with an overlap."""
        answer: m.NewApiKey = await self._call(
            m.NewApiKey,
            Call(
                "POST",
                f"/api/v1/api-keys/{quote(key_id)}/rotate",
                json={"grace_hours": grace_hours},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def set_team(self, key_id: int, *, team_id: int | None) -> m.ApiKey:
        """Put an API key into a team, or none."""
        answer: m.ApiKey = await self._call(
            m.ApiKey, Call("PUT", f"/api/v1/api-keys/{quote(key_id)}/team", json={"team_id": team_id})
        )
        return answer


class AuditLogResource(Resource):
    """`client.audit_log`"""

    def list(self, *, limit: int | Omit = OMIT) -> Paginator[m.AuditEntry]:
        """Read the audit log, newest first."""
        return self._pages(m.AuditEntry, Call("GET", "/api/v1/audit-log", query={"limit": limit}))


class AsyncAuditLogResource(AsyncResource):
    """`client.audit_log`"""

    def list(self, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.AuditEntry]:
        """Read the audit log, newest first."""
        return self._pages(m.AuditEntry, Call("GET", "/api/v1/audit-log", query={"limit": limit}))


class BatchesResource(Resource):
    """`client.batches`"""

    def list(self, *, limit: int | Omit = OMIT) -> Paginator[m.Batch]:
        """List batches."""
        return self._pages(m.Batch, Call("GET", "/api/v1/batches", query={"limit": limit}))

    def create(
        self,
        *,
        input_file_id: str,
        model: str | Omit = OMIT,
        endpoint: str | Omit = OMIT,
        metadata: builtins.dict[str, Any] | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Batch:
        """Run a file of calls."""
        answer: m.Batch = self._call(
            m.Batch,
            Call(
                "POST",
                "/api/v1/batches",
                json={"input_file_id": input_file_id, "model": model, "endpoint": endpoint, "metadata": metadata},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def retrieve(self, batch_id: str) -> m.Batch:
        """Get one batch."""
        answer: m.Batch = self._call(m.Batch, Call("GET", f"/api/v1/batches/{quote(batch_id)}"))
        return answer

    def cancel(self, batch_id: str, *, idempotency_key: str | None = None) -> m.Batch:
        """Cancel a batch."""
        answer: m.Batch = self._call(
            m.Batch, Call("POST", f"/api/v1/batches/{quote(batch_id)}/cancel", idempotency_key=idempotency_key)
        )
        return answer


class AsyncBatchesResource(AsyncResource):
    """`client.batches`"""

    def list(self, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.Batch]:
        """List batches."""
        return self._pages(m.Batch, Call("GET", "/api/v1/batches", query={"limit": limit}))

    async def create(
        self,
        *,
        input_file_id: str,
        model: str | Omit = OMIT,
        endpoint: str | Omit = OMIT,
        metadata: builtins.dict[str, Any] | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Batch:
        """Run a file of calls."""
        answer: m.Batch = await self._call(
            m.Batch,
            Call(
                "POST",
                "/api/v1/batches",
                json={"input_file_id": input_file_id, "model": model, "endpoint": endpoint, "metadata": metadata},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def retrieve(self, batch_id: str) -> m.Batch:
        """Get one batch."""
        answer: m.Batch = await self._call(m.Batch, Call("GET", f"/api/v1/batches/{quote(batch_id)}"))
        return answer

    async def cancel(self, batch_id: str, *, idempotency_key: str | None = None) -> m.Batch:
        """Cancel a batch."""
        answer: m.Batch = await self._call(
            m.Batch, Call("POST", f"/api/v1/batches/{quote(batch_id)}/cancel", idempotency_key=idempotency_key)
        )
        return answer


class BillingResource(Resource):
    """`client.billing`"""

    def account_get(self) -> m.BillingAccount:
        """Get the plan, the period and what is owed."""
        answer: m.BillingAccount = self._call(m.BillingAccount, Call("GET", "/api/v1/billing/account"))
        return answer

    def payment_methods_list(self) -> m.PaymentMethodList:
        """List the saved cards."""
        answer: m.PaymentMethodList = self._call(m.PaymentMethodList, Call("GET", "/api/v1/billing/payment-methods"))
        return answer

    def plans_list(self) -> m.PlanList:
        """List the plans."""
        answer: m.PlanList = self._call(m.PlanList, Call("GET", "/api/v1/billing/plans"))
        return answer

    def plan_choose(self, *, plan: str, idempotency_key: str | None = None) -> m.PlanList:
        """Choose a plan."""
        answer: m.PlanList = self._call(
            m.PlanList, Call("POST", "/api/v1/billing/plans", json={"plan": plan}, idempotency_key=idempotency_key)
        )
        return answer

    def top_ups(
        self, *, amount_minor: int, success_url: str, cancel_url: str, idempotency_key: str | None = None
    ) -> m.CheckoutPage:
        """Buy prepaid credit."""
        answer: m.CheckoutPage = self._call(
            m.CheckoutPage,
            Call(
                "POST",
                "/api/v1/billing/top-ups",
                json={"amount_minor": amount_minor, "success_url": success_url, "cancel_url": cancel_url},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def wallet_get(self) -> m.Wallet:
        """Get the prepaid credit."""
        answer: m.Wallet = self._call(m.Wallet, Call("GET", "/api/v1/billing/wallet"))
        return answer


class AsyncBillingResource(AsyncResource):
    """`client.billing`"""

    async def account_get(self) -> m.BillingAccount:
        """Get the plan, the period and what is owed."""
        answer: m.BillingAccount = await self._call(m.BillingAccount, Call("GET", "/api/v1/billing/account"))
        return answer

    async def payment_methods_list(self) -> m.PaymentMethodList:
        """List the saved cards."""
        answer: m.PaymentMethodList = await self._call(
            m.PaymentMethodList, Call("GET", "/api/v1/billing/payment-methods")
        )
        return answer

    async def plans_list(self) -> m.PlanList:
        """List the plans."""
        answer: m.PlanList = await self._call(m.PlanList, Call("GET", "/api/v1/billing/plans"))
        return answer

    async def plan_choose(self, *, plan: str, idempotency_key: str | None = None) -> m.PlanList:
        """Choose a plan."""
        answer: m.PlanList = await self._call(
            m.PlanList, Call("POST", "/api/v1/billing/plans", json={"plan": plan}, idempotency_key=idempotency_key)
        )
        return answer

    async def top_ups(
        self, *, amount_minor: int, success_url: str, cancel_url: str, idempotency_key: str | None = None
    ) -> m.CheckoutPage:
        """Buy prepaid credit."""
        answer: m.CheckoutPage = await self._call(
            m.CheckoutPage,
            Call(
                "POST",
                "/api/v1/billing/top-ups",
                json={"amount_minor": amount_minor, "success_url": success_url, "cancel_url": cancel_url},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def wallet_get(self) -> m.Wallet:
        """Get the prepaid credit."""
        answer: m.Wallet = await self._call(m.Wallet, Call("GET", "/api/v1/billing/wallet"))
        return answer


class BudgetsResource(Resource):
    """`client.budgets`"""

    def list(self) -> m.BudgetList:
        """List budgets."""
        answer: m.BudgetList = self._call(m.BudgetList, Call("GET", "/api/v1/budgets"))
        return answer

    def create(
        self,
        *,
        name: str,
        amount: str,
        window: str | Omit = OMIT,
        hard: bool | Omit = OMIT,
        thresholds: builtins.list[int] | Omit = OMIT,
        key_id: int | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Budget:
        """Set a budget."""
        answer: m.Budget = self._call(
            m.Budget,
            Call(
                "POST",
                "/api/v1/budgets",
                json={
                    "name": name,
                    "amount": amount,
                    "window": window,
                    "hard": hard,
                    "thresholds": thresholds,
                    "key_id": key_id,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def alerts(self) -> m.BudgetAlertList:
        """List the alerts of a budget."""
        answer: m.BudgetAlertList = self._call(m.BudgetAlertList, Call("GET", "/api/v1/budgets/alerts"))
        return answer

    def get(self, budget_id: int) -> m.Budget:
        """Get one budget."""
        answer: m.Budget = self._call(m.Budget, Call("GET", f"/api/v1/budgets/{quote(budget_id)}"))
        return answer

    def update(
        self,
        budget_id: int,
        *,
        name: str | Omit = OMIT,
        amount: str | Omit = OMIT,
        hard: bool | Omit = OMIT,
        thresholds: builtins.list[int] | Omit = OMIT,
    ) -> m.Budget:
        """Change a budget."""
        answer: m.Budget = self._call(
            m.Budget,
            Call(
                "PATCH",
                f"/api/v1/budgets/{quote(budget_id)}",
                json={"name": name, "amount": amount, "hard": hard, "thresholds": thresholds},
            ),
        )
        return answer

    def delete(self, budget_id: int) -> None:
        """Remove a budget."""
        self._call(type(None), Call("DELETE", f"/api/v1/budgets/{quote(budget_id)}"))


class AsyncBudgetsResource(AsyncResource):
    """`client.budgets`"""

    async def list(self) -> m.BudgetList:
        """List budgets."""
        answer: m.BudgetList = await self._call(m.BudgetList, Call("GET", "/api/v1/budgets"))
        return answer

    async def create(
        self,
        *,
        name: str,
        amount: str,
        window: str | Omit = OMIT,
        hard: bool | Omit = OMIT,
        thresholds: builtins.list[int] | Omit = OMIT,
        key_id: int | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Budget:
        """Set a budget."""
        answer: m.Budget = await self._call(
            m.Budget,
            Call(
                "POST",
                "/api/v1/budgets",
                json={
                    "name": name,
                    "amount": amount,
                    "window": window,
                    "hard": hard,
                    "thresholds": thresholds,
                    "key_id": key_id,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def alerts(self) -> m.BudgetAlertList:
        """List the alerts of a budget."""
        answer: m.BudgetAlertList = await self._call(m.BudgetAlertList, Call("GET", "/api/v1/budgets/alerts"))
        return answer

    async def get(self, budget_id: int) -> m.Budget:
        """Get one budget."""
        answer: m.Budget = await self._call(m.Budget, Call("GET", f"/api/v1/budgets/{quote(budget_id)}"))
        return answer

    async def update(
        self,
        budget_id: int,
        *,
        name: str | Omit = OMIT,
        amount: str | Omit = OMIT,
        hard: bool | Omit = OMIT,
        thresholds: builtins.list[int] | Omit = OMIT,
    ) -> m.Budget:
        """Change a budget."""
        answer: m.Budget = await self._call(
            m.Budget,
            Call(
                "PATCH",
                f"/api/v1/budgets/{quote(budget_id)}",
                json={"name": name, "amount": amount, "hard": hard, "thresholds": thresholds},
            ),
        )
        return answer

    async def delete(self, budget_id: int) -> None:
        """Remove a budget."""
        await self._call(type(None), Call("DELETE", f"/api/v1/budgets/{quote(budget_id)}"))


class FilesResource(Resource):
    """`client.files`"""

    def list(self, *, limit: int | Omit = OMIT, purpose: str | Omit = OMIT) -> Paginator[m.StoredFile]:
        """List files."""
        return self._pages(m.StoredFile, Call("GET", "/api/v1/files", query={"limit": limit, "purpose": purpose}))

    def create(
        self,
        *,
        file: FilePart,
        purpose: str | Omit = OMIT,
        expires_after: int | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.StoredFile:
        """Store a file."""
        answer: m.StoredFile = self._call(
            m.StoredFile,
            Call(
                "POST",
                "/api/v1/files",
                form={"file": file, "purpose": purpose, "expires_after": expires_after},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def retrieve(self, file_id: str) -> m.StoredFile:
        """Get one file's facts."""
        answer: m.StoredFile = self._call(m.StoredFile, Call("GET", f"/api/v1/files/{quote(file_id)}"))
        return answer

    def delete(self, file_id: str) -> None:
        """Delete a file."""
        self._call(type(None), Call("DELETE", f"/api/v1/files/{quote(file_id)}"))

    def content(self, file_id: str) -> bytes:
        """Get a file's content."""
        return self._bytes(Call("GET", f"/api/v1/files/{quote(file_id)}/content"))


class AsyncFilesResource(AsyncResource):
    """`client.files`"""

    def list(self, *, limit: int | Omit = OMIT, purpose: str | Omit = OMIT) -> AsyncPaginator[m.StoredFile]:
        """List files."""
        return self._pages(m.StoredFile, Call("GET", "/api/v1/files", query={"limit": limit, "purpose": purpose}))

    async def create(
        self,
        *,
        file: FilePart,
        purpose: str | Omit = OMIT,
        expires_after: int | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.StoredFile:
        """Store a file."""
        answer: m.StoredFile = await self._call(
            m.StoredFile,
            Call(
                "POST",
                "/api/v1/files",
                form={"file": file, "purpose": purpose, "expires_after": expires_after},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def retrieve(self, file_id: str) -> m.StoredFile:
        """Get one file's facts."""
        answer: m.StoredFile = await self._call(m.StoredFile, Call("GET", f"/api/v1/files/{quote(file_id)}"))
        return answer

    async def delete(self, file_id: str) -> None:
        """Delete a file."""
        await self._call(type(None), Call("DELETE", f"/api/v1/files/{quote(file_id)}"))

    async def content(self, file_id: str) -> bytes:
        """Get a file's content."""
        return await self._bytes(Call("GET", f"/api/v1/files/{quote(file_id)}/content"))


class InvoicesResource(Resource):
    """`client.invoices`"""

    def list(self) -> Paginator[m.Invoice]:
        """List invoices."""
        return self._pages(m.Invoice, Call("GET", "/api/v1/invoices"))

    def get(self, invoice_id: str) -> m.Invoice:
        """Get one invoice."""
        answer: m.Invoice = self._call(m.Invoice, Call("GET", f"/api/v1/invoices/{quote(invoice_id)}"))
        return answer

    def file(self, invoice_id: int, kind: str) -> bytes:
        """Get an invoice as a file."""
        return self._bytes(Call("GET", f"/api/v1/invoices/{quote(invoice_id)}/file/{quote(kind)}"))

    def line_events(self, invoice_id: int, line: int, *, limit: int | Omit = OMIT) -> Paginator[m.LineEvent]:
        """List the calls behind a line."""
        return self._pages(
            m.LineEvent,
            Call("GET", f"/api/v1/invoices/{quote(invoice_id)}/lines/{quote(line)}/events", query={"limit": limit}),
        )

    def receipts(self, invoice_id: int) -> bytes:
        """Get the receipts of an invoice."""
        return self._bytes(Call("GET", f"/api/v1/invoices/{quote(invoice_id)}/receipts"))


class AsyncInvoicesResource(AsyncResource):
    """`client.invoices`"""

    def list(self) -> AsyncPaginator[m.Invoice]:
        """List invoices."""
        return self._pages(m.Invoice, Call("GET", "/api/v1/invoices"))

    async def get(self, invoice_id: str) -> m.Invoice:
        """Get one invoice."""
        answer: m.Invoice = await self._call(m.Invoice, Call("GET", f"/api/v1/invoices/{quote(invoice_id)}"))
        return answer

    async def file(self, invoice_id: int, kind: str) -> bytes:
        """Get an invoice as a file."""
        return await self._bytes(Call("GET", f"/api/v1/invoices/{quote(invoice_id)}/file/{quote(kind)}"))

    def line_events(self, invoice_id: int, line: int, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.LineEvent]:
        """List the calls behind a line."""
        return self._pages(
            m.LineEvent,
            Call("GET", f"/api/v1/invoices/{quote(invoice_id)}/lines/{quote(line)}/events", query={"limit": limit}),
        )

    async def receipts(self, invoice_id: int) -> bytes:
        """Get the receipts of an invoice."""
        return await self._bytes(Call("GET", f"/api/v1/invoices/{quote(invoice_id)}/receipts"))


class KeyLeaksResource(Resource):
    """`client.key_leaks`"""

    def report(
        self, *, tokens: builtins.list[str], url: str | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.LeakVerdicts:
        """Report keys that were found in public."""
        answer: m.LeakVerdicts = self._call(
            m.LeakVerdicts,
            Call("POST", "/api/v1/key-leaks", json={"tokens": tokens, "url": url}, idempotency_key=idempotency_key),
        )
        return answer


class AsyncKeyLeaksResource(AsyncResource):
    """`client.key_leaks`"""

    async def report(
        self, *, tokens: builtins.list[str], url: str | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.LeakVerdicts:
        """Report keys that were found in public."""
        answer: m.LeakVerdicts = await self._call(
            m.LeakVerdicts,
            Call("POST", "/api/v1/key-leaks", json={"tokens": tokens, "url": url}, idempotency_key=idempotency_key),
        )
        return answer


class ModelsResource(Resource):
    """`client.models`"""

    def list(
        self,
        *,
        collection: builtins.list[str] | Omit = OMIT,
        domain: builtins.list[str] | Omit = OMIT,
        industry: builtins.list[str] | Omit = OMIT,
        latency: builtins.list[str] | Omit = OMIT,
        license: builtins.list[str] | Omit = OMIT,
        limit: int | Omit = OMIT,
        modality: builtins.list[str] | Omit = OMIT,
        pool: builtins.list[str] | Omit = OMIT,
        provider: builtins.list[str] | Omit = OMIT,
        search: str | Omit = OMIT,
        sort: str | Omit = OMIT,
        source: builtins.list[str] | Omit = OMIT,
        tag: builtins.list[str] | Omit = OMIT,
        task: builtins.list[str] | Omit = OMIT,
        unit: builtins.list[str] | Omit = OMIT,
    ) -> Paginator[m.ModelSummary]:
        """Search the catalogue."""
        return self._pages(
            m.ModelSummary,
            Call(
                "GET",
                "/api/v1/models",
                query={
                    "collection": collection,
                    "domain": domain,
                    "industry": industry,
                    "latency": latency,
                    "license": license,
                    "limit": limit,
                    "modality": modality,
                    "pool": pool,
                    "provider": provider,
                    "search": search,
                    "sort": sort,
                    "source": source,
                    "tag": tag,
                    "task": task,
                    "unit": unit,
                },
            ),
        )

    def create(
        self,
        *,
        title: str,
        summary: str,
        name: str,
        task: str,
        title_zh: str | Omit = OMIT,
        summary_zh: str | Omit = OMIT,
        industry: builtins.list[str] | Omit = OMIT,
        tags: builtins.list[str] | Omit = OMIT,
        license: builtins.dict[str, Any] | Omit = OMIT,
        card: builtins.dict[str, Any] | Omit = OMIT,
        pricing: builtins.dict[str, Any] | Omit = OMIT,
        access: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.OwnModel:
        """Register a model of your own."""
        answer: m.OwnModel = self._call(
            m.OwnModel,
            Call(
                "POST",
                "/api/v1/models",
                json={
                    "title": title,
                    "title_zh": title_zh,
                    "summary": summary,
                    "summary_zh": summary_zh,
                    "industry": industry,
                    "tags": tags,
                    "license": license,
                    "card": card,
                    "pricing": pricing,
                    "access": access,
                    "name": name,
                    "task": task,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def import_(
        self,
        *,
        repository: str,
        revision: str | Omit = OMIT,
        path: str | Omit = OMIT,
        name: str | Omit = OMIT,
        title: str | Omit = OMIT,
        summary: str | Omit = OMIT,
        task: str | Omit = OMIT,
        manifest: builtins.dict[str, Any] | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Import a model from a hub."""
        answer: builtins.dict[str, Any] = self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                "/api/v1/models/import",
                json={
                    "repository": repository,
                    "revision": revision,
                    "path": path,
                    "name": name,
                    "title": title,
                    "summary": summary,
                    "task": task,
                    "manifest": manifest,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def inspect(
        self,
        *,
        file: FilePart | Omit = OMIT,
        manifest: str | Omit = OMIT,
        upload_id: str | Omit = OMIT,
        file_id: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Inspection:
        """Read a model without keeping it."""
        answer: m.Inspection = self._call(
            m.Inspection,
            Call(
                "POST",
                "/api/v1/models/inspect",
                form={"file": file, "manifest": manifest, "upload_id": upload_id, "file_id": file_id},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def retrieve(self, model: str) -> m.ModelDetail:
        """Get a model."""
        answer: m.ModelDetail = self._call(m.ModelDetail, Call("GET", f"/api/v1/models/{quote(model)}"))
        return answer

    def update(
        self,
        model: str,
        *,
        title: str | Omit = OMIT,
        title_zh: str | Omit = OMIT,
        summary: str | Omit = OMIT,
        summary_zh: str | Omit = OMIT,
        industry: builtins.list[str] | Omit = OMIT,
        tags: builtins.list[str] | Omit = OMIT,
        license: builtins.dict[str, Any] | Omit = OMIT,
        card: builtins.dict[str, Any] | Omit = OMIT,
        pricing: builtins.dict[str, Any] | Omit = OMIT,
        access: str | Omit = OMIT,
    ) -> m.OwnModel:
        """Change texts, card, licence and price."""
        answer: m.OwnModel = self._call(
            m.OwnModel,
            Call(
                "PATCH",
                f"/api/v1/models/{quote(model)}",
                json={
                    "title": title,
                    "title_zh": title_zh,
                    "summary": summary,
                    "summary_zh": summary_zh,
                    "industry": industry,
                    "tags": tags,
                    "license": license,
                    "card": card,
                    "pricing": pricing,
                    "access": access,
                },
            ),
        )
        return answer

    def delete(self, model: str) -> None:
        """Take a model of yours away."""
        self._call(type(None), Call("DELETE", f"/api/v1/models/{quote(model)}"))

    def model_aliases_list(self, model: str) -> Paginator[m.Alias]:
        """List a model's aliases."""
        return self._pages(m.Alias, Call("GET", f"/api/v1/models/{quote(model)}/aliases"))

    def model_aliases_set(self, alias: str, model: str, *, version: int) -> m.Alias:
        """Point an alias at a version."""
        answer: m.Alias = self._call(
            m.Alias, Call("PUT", f"/api/v1/models/{quote(model)}/aliases/{quote(alias)}", json={"version": version})
        )
        return answer

    def model_aliases_delete(self, alias: str, model: str) -> None:
        """Remove an alias."""
        self._call(type(None), Call("DELETE", f"/api/v1/models/{quote(model)}/aliases/{quote(alias)}"))

    def canaries(self, model: str, *, limit: int | Omit = OMIT) -> Paginator[m.Rollout]:
        """List guarded rollouts."""
        return self._pages(m.Rollout, Call("GET", f"/api/v1/models/{quote(model)}/canary", query={"limit": limit}))

    def start_canary(
        self,
        model: str,
        *,
        version: int,
        steps: builtins.list[int] | Omit = OMIT,
        bake_s: int | Omit = OMIT,
        min_calls: int | Omit = OMIT,
        alarms: builtins.dict[str, Any] | Omit = OMIT,
        examples: builtins.list[builtins.dict[str, Any]] | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Rollout:
        """Roll a version out under guard."""
        answer: m.Rollout = self._call(
            m.Rollout,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/canary",
                json={
                    "version": version,
                    "steps": steps,
                    "bake_s": bake_s,
                    "min_calls": min_calls,
                    "alarms": alarms,
                    "examples": examples,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def cancel_canary(self, model: str, *, idempotency_key: str | None = None) -> m.Rollout:
        """Take a guarded rollout back."""
        answer: m.Rollout = self._call(
            m.Rollout, Call("POST", f"/api/v1/models/{quote(model)}/canary/cancel", idempotency_key=idempotency_key)
        )
        return answer

    def deployment(self, model: str) -> m.Deployment:
        """See how a model is run."""
        answer: m.Deployment = self._call(m.Deployment, Call("GET", f"/api/v1/models/{quote(model)}/deployment"))
        return answer

    def deploy(
        self,
        model: str,
        *,
        replicas: int | Omit = OMIT,
        autoscale: Any | Omit = OMIT,
        min: int | Omit = OMIT,
        max: int | Omit = OMIT,
        pool: str | Omit = OMIT,
        device: str | Omit = OMIT,
        instance_groups: builtins.list[builtins.dict[str, Any]] | Omit = OMIT,
        dynamic_batching: Any | Omit = OMIT,
        queue_policy: Any | Omit = OMIT,
        response_cache: Any | Omit = OMIT,
        warm_up: int | Omit = OMIT,
    ) -> m.Deployment:
        """Say how a model is to be run."""
        answer: m.Deployment = self._call(
            m.Deployment,
            Call(
                "PUT",
                f"/api/v1/models/{quote(model)}/deployment",
                json={
                    "replicas": replicas,
                    "autoscale": autoscale,
                    "min": min,
                    "max": max,
                    "pool": pool,
                    "device": device,
                    "instance_groups": instance_groups,
                    "dynamic_batching": dynamic_batching,
                    "queue_policy": queue_policy,
                    "response_cache": response_cache,
                    "warm_up": warm_up,
                },
            ),
        )
        return answer

    def experiment(self, model: str, *, metric: str | Omit = OMIT, since: str | Omit = OMIT) -> m.Experiment:
        """Compare versions by their outcomes."""
        answer: m.Experiment = self._call(
            m.Experiment,
            Call("GET", f"/api/v1/models/{quote(model)}/experiment", query={"metric": metric, "since": since}),
        )
        return answer

    def record_outcomes(
        self, model: str, *, outcomes: builtins.list[builtins.dict[str, Any]], idempotency_key: str | None = None
    ) -> m.Recorded:
        """Say what came of answers."""
        answer: m.Recorded = self._call(
            m.Recorded,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/outcomes",
                json={"outcomes": outcomes},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def predictions(
        self,
        model: str,
        *,
        input: builtins.dict[str, Any],
        max_cost: str | None = None,
        parameters: builtins.dict[str, Any] | Omit = OMIT,
        version: Any | Omit = OMIT,
        metadata: builtins.dict[str, Any] | Omit = OMIT,
        webhook: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> Prediction[Any]:
        """Run a model."""
        answer: Prediction[Any] = self._call(
            Prediction,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/predictions",
                json={
                    "input": input,
                    "parameters": parameters,
                    "version": version,
                    "metadata": metadata,
                    "webhook": webhook,
                },
                headers={name: value for name, value in (("Max-Cost", max_cost),) if value is not None},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def publication(self, model: str) -> m.Publication:
        """See how publishing stands."""
        answer: m.Publication = self._call(m.Publication, Call("GET", f"/api/v1/models/{quote(model)}/publication"))
        return answer

    def publish(
        self,
        model: str,
        *,
        visibility: str,
        terms_accepted: bool | Omit = OMIT,
        terms: str | Omit = OMIT,
        pricing: builtins.dict[str, Any] | Omit = OMIT,
        access: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Publication:
        """Ask for the shelf."""
        answer: m.Publication = self._call(
            m.Publication,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/publish",
                json={
                    "visibility": visibility,
                    "terms_accepted": terms_accepted,
                    "terms": terms,
                    "pricing": pricing,
                    "access": access,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def rollback(self, model: str, *, to: int | Omit = OMIT, idempotency_key: str | None = None) -> m.Traffic:
        """Spread calls as before."""
        answer: m.Traffic = self._call(
            m.Traffic,
            Call("POST", f"/api/v1/models/{quote(model)}/rollback", json={"to": to}, idempotency_key=idempotency_key),
        )
        return answer

    def schema(self, model: str) -> m.ModelSchema:
        """JSON Schemas of a model."""
        answer: m.ModelSchema = self._call(m.ModelSchema, Call("GET", f"/api/v1/models/{quote(model)}/schema"))
        return answer

    def traffic(self, model: str) -> m.Traffic:
        """See how calls are spread."""
        answer: m.Traffic = self._call(m.Traffic, Call("GET", f"/api/v1/models/{quote(model)}/traffic"))
        return answer

    def set_traffic(
        self,
        model: str,
        *,
        targets: builtins.list[builtins.dict[str, Any]],
        sticky_by: str | Omit = OMIT,
        shadow: int | None | Omit = OMIT,
        reason: str | Omit = OMIT,
    ) -> m.Traffic:
        """Spread calls over versions."""
        answer: m.Traffic = self._call(
            m.Traffic,
            Call(
                "PUT",
                f"/api/v1/models/{quote(model)}/traffic",
                json={"targets": targets, "sticky_by": sticky_by, "shadow": shadow, "reason": reason},
            ),
        )
        return answer

    def traffic_history(self, model: str, *, limit: int | Omit = OMIT) -> Paginator[m.Traffic]:
        """See how calls were spread."""
        return self._pages(
            m.Traffic, Call("GET", f"/api/v1/models/{quote(model)}/traffic/history", query={"limit": limit})
        )

    def model_versions_list(self, model: str) -> Paginator[m.ModelVersion]:
        """List a model's versions."""
        return self._pages(m.ModelVersion, Call("GET", f"/api/v1/models/{quote(model)}/versions"))

    def model_versions(
        self,
        model: str,
        *,
        manifest: builtins.dict[str, Any] | Omit = OMIT,
        upload_id: str | Omit = OMIT,
        file_id: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Upload a version."""
        answer: builtins.dict[str, Any] = self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions",
                json={"manifest": manifest, "upload_id": upload_id, "file_id": file_id},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def model_versions_retrieve(self, model: str, version: str) -> m.ModelVersion:
        """Get a version."""
        answer: m.ModelVersion = self._call(
            m.ModelVersion, Call("GET", f"/api/v1/models/{quote(model)}/versions/{quote(version)}")
        )
        return answer

    def model_versions_activate(self, model: str, version: int, *, idempotency_key: str | None = None) -> m.Traffic:
        """Send all calls to a version."""
        answer: m.Traffic = self._call(
            m.Traffic,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/activate",
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def model_versions_compress(
        self,
        model: str,
        version: int,
        *,
        method: str,
        calibration_file_id: str | Omit = OMIT,
        data_file_id: str | Omit = OMIT,
        min_agreement: float | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Make a version smaller."""
        answer: builtins.dict[str, Any] = self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/compress",
                json={
                    "method": method,
                    "calibration_file_id": calibration_file_id,
                    "data_file_id": data_file_id,
                    "min_agreement": min_agreement,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def model_versions_deprecate(
        self,
        model: str,
        version: int,
        *,
        sunset: str,
        successor: int | None | Omit = OMIT,
        note: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Say until when a version answers."""
        answer: builtins.dict[str, Any] = self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/deprecate",
                json={"sunset": sunset, "successor": successor, "note": note},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def model_versions_diff(self, model: str, version: int, *, against: int | Omit = OMIT) -> m.VersionDiff:
        """Compare two versions' schemas."""
        answer: m.VersionDiff = self._call(
            m.VersionDiff,
            Call("GET", f"/api/v1/models/{quote(model)}/versions/{quote(version)}/diff", query={"against": against}),
        )
        return answer

    def model_versions_report(self, model: str, version: int) -> m.Report:
        """Get a version's report."""
        answer: m.Report = self._call(
            m.Report, Call("GET", f"/api/v1/models/{quote(model)}/versions/{quote(version)}/report")
        )
        return answer

    def model_versions_retire(
        self, model: str, version: int, *, idempotency_key: str | None = None
    ) -> builtins.dict[str, Any]:
        """End a version."""
        answer: builtins.dict[str, Any] = self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/retire",
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def withdraw(self, model: str, *, idempotency_key: str | None = None) -> m.Publication:
        """Take a model off the shelf."""
        answer: m.Publication = self._call(
            m.Publication, Call("POST", f"/api/v1/models/{quote(model)}/withdraw", idempotency_key=idempotency_key)
        )
        return answer


class AsyncModelsResource(AsyncResource):
    """`client.models`"""

    def list(
        self,
        *,
        collection: builtins.list[str] | Omit = OMIT,
        domain: builtins.list[str] | Omit = OMIT,
        industry: builtins.list[str] | Omit = OMIT,
        latency: builtins.list[str] | Omit = OMIT,
        license: builtins.list[str] | Omit = OMIT,
        limit: int | Omit = OMIT,
        modality: builtins.list[str] | Omit = OMIT,
        pool: builtins.list[str] | Omit = OMIT,
        provider: builtins.list[str] | Omit = OMIT,
        search: str | Omit = OMIT,
        sort: str | Omit = OMIT,
        source: builtins.list[str] | Omit = OMIT,
        tag: builtins.list[str] | Omit = OMIT,
        task: builtins.list[str] | Omit = OMIT,
        unit: builtins.list[str] | Omit = OMIT,
    ) -> AsyncPaginator[m.ModelSummary]:
        """Search the catalogue."""
        return self._pages(
            m.ModelSummary,
            Call(
                "GET",
                "/api/v1/models",
                query={
                    "collection": collection,
                    "domain": domain,
                    "industry": industry,
                    "latency": latency,
                    "license": license,
                    "limit": limit,
                    "modality": modality,
                    "pool": pool,
                    "provider": provider,
                    "search": search,
                    "sort": sort,
                    "source": source,
                    "tag": tag,
                    "task": task,
                    "unit": unit,
                },
            ),
        )

    async def create(
        self,
        *,
        title: str,
        summary: str,
        name: str,
        task: str,
        title_zh: str | Omit = OMIT,
        summary_zh: str | Omit = OMIT,
        industry: builtins.list[str] | Omit = OMIT,
        tags: builtins.list[str] | Omit = OMIT,
        license: builtins.dict[str, Any] | Omit = OMIT,
        card: builtins.dict[str, Any] | Omit = OMIT,
        pricing: builtins.dict[str, Any] | Omit = OMIT,
        access: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.OwnModel:
        """Register a model of your own."""
        answer: m.OwnModel = await self._call(
            m.OwnModel,
            Call(
                "POST",
                "/api/v1/models",
                json={
                    "title": title,
                    "title_zh": title_zh,
                    "summary": summary,
                    "summary_zh": summary_zh,
                    "industry": industry,
                    "tags": tags,
                    "license": license,
                    "card": card,
                    "pricing": pricing,
                    "access": access,
                    "name": name,
                    "task": task,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def import_(
        self,
        *,
        repository: str,
        revision: str | Omit = OMIT,
        path: str | Omit = OMIT,
        name: str | Omit = OMIT,
        title: str | Omit = OMIT,
        summary: str | Omit = OMIT,
        task: str | Omit = OMIT,
        manifest: builtins.dict[str, Any] | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Import a model from a hub."""
        answer: builtins.dict[str, Any] = await self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                "/api/v1/models/import",
                json={
                    "repository": repository,
                    "revision": revision,
                    "path": path,
                    "name": name,
                    "title": title,
                    "summary": summary,
                    "task": task,
                    "manifest": manifest,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def inspect(
        self,
        *,
        file: FilePart | Omit = OMIT,
        manifest: str | Omit = OMIT,
        upload_id: str | Omit = OMIT,
        file_id: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Inspection:
        """Read a model without keeping it."""
        answer: m.Inspection = await self._call(
            m.Inspection,
            Call(
                "POST",
                "/api/v1/models/inspect",
                form={"file": file, "manifest": manifest, "upload_id": upload_id, "file_id": file_id},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def retrieve(self, model: str) -> m.ModelDetail:
        """Get a model."""
        answer: m.ModelDetail = await self._call(m.ModelDetail, Call("GET", f"/api/v1/models/{quote(model)}"))
        return answer

    async def update(
        self,
        model: str,
        *,
        title: str | Omit = OMIT,
        title_zh: str | Omit = OMIT,
        summary: str | Omit = OMIT,
        summary_zh: str | Omit = OMIT,
        industry: builtins.list[str] | Omit = OMIT,
        tags: builtins.list[str] | Omit = OMIT,
        license: builtins.dict[str, Any] | Omit = OMIT,
        card: builtins.dict[str, Any] | Omit = OMIT,
        pricing: builtins.dict[str, Any] | Omit = OMIT,
        access: str | Omit = OMIT,
    ) -> m.OwnModel:
        """Change texts, card, licence and price."""
        answer: m.OwnModel = await self._call(
            m.OwnModel,
            Call(
                "PATCH",
                f"/api/v1/models/{quote(model)}",
                json={
                    "title": title,
                    "title_zh": title_zh,
                    "summary": summary,
                    "summary_zh": summary_zh,
                    "industry": industry,
                    "tags": tags,
                    "license": license,
                    "card": card,
                    "pricing": pricing,
                    "access": access,
                },
            ),
        )
        return answer

    async def delete(self, model: str) -> None:
        """Take a model of yours away."""
        await self._call(type(None), Call("DELETE", f"/api/v1/models/{quote(model)}"))

    def model_aliases_list(self, model: str) -> AsyncPaginator[m.Alias]:
        """List a model's aliases."""
        return self._pages(m.Alias, Call("GET", f"/api/v1/models/{quote(model)}/aliases"))

    async def model_aliases_set(self, alias: str, model: str, *, version: int) -> m.Alias:
        """Point an alias at a version."""
        answer: m.Alias = await self._call(
            m.Alias, Call("PUT", f"/api/v1/models/{quote(model)}/aliases/{quote(alias)}", json={"version": version})
        )
        return answer

    async def model_aliases_delete(self, alias: str, model: str) -> None:
        """Remove an alias."""
        await self._call(type(None), Call("DELETE", f"/api/v1/models/{quote(model)}/aliases/{quote(alias)}"))

    def canaries(self, model: str, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.Rollout]:
        """List guarded rollouts."""
        return self._pages(m.Rollout, Call("GET", f"/api/v1/models/{quote(model)}/canary", query={"limit": limit}))

    async def start_canary(
        self,
        model: str,
        *,
        version: int,
        steps: builtins.list[int] | Omit = OMIT,
        bake_s: int | Omit = OMIT,
        min_calls: int | Omit = OMIT,
        alarms: builtins.dict[str, Any] | Omit = OMIT,
        examples: builtins.list[builtins.dict[str, Any]] | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Rollout:
        """Roll a version out under guard."""
        answer: m.Rollout = await self._call(
            m.Rollout,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/canary",
                json={
                    "version": version,
                    "steps": steps,
                    "bake_s": bake_s,
                    "min_calls": min_calls,
                    "alarms": alarms,
                    "examples": examples,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def cancel_canary(self, model: str, *, idempotency_key: str | None = None) -> m.Rollout:
        """Take a guarded rollout back."""
        answer: m.Rollout = await self._call(
            m.Rollout, Call("POST", f"/api/v1/models/{quote(model)}/canary/cancel", idempotency_key=idempotency_key)
        )
        return answer

    async def deployment(self, model: str) -> m.Deployment:
        """See how a model is run."""
        answer: m.Deployment = await self._call(m.Deployment, Call("GET", f"/api/v1/models/{quote(model)}/deployment"))
        return answer

    async def deploy(
        self,
        model: str,
        *,
        replicas: int | Omit = OMIT,
        autoscale: Any | Omit = OMIT,
        min: int | Omit = OMIT,
        max: int | Omit = OMIT,
        pool: str | Omit = OMIT,
        device: str | Omit = OMIT,
        instance_groups: builtins.list[builtins.dict[str, Any]] | Omit = OMIT,
        dynamic_batching: Any | Omit = OMIT,
        queue_policy: Any | Omit = OMIT,
        response_cache: Any | Omit = OMIT,
        warm_up: int | Omit = OMIT,
    ) -> m.Deployment:
        """Say how a model is to be run."""
        answer: m.Deployment = await self._call(
            m.Deployment,
            Call(
                "PUT",
                f"/api/v1/models/{quote(model)}/deployment",
                json={
                    "replicas": replicas,
                    "autoscale": autoscale,
                    "min": min,
                    "max": max,
                    "pool": pool,
                    "device": device,
                    "instance_groups": instance_groups,
                    "dynamic_batching": dynamic_batching,
                    "queue_policy": queue_policy,
                    "response_cache": response_cache,
                    "warm_up": warm_up,
                },
            ),
        )
        return answer

    async def experiment(self, model: str, *, metric: str | Omit = OMIT, since: str | Omit = OMIT) -> m.Experiment:
        """Compare versions by their outcomes."""
        answer: m.Experiment = await self._call(
            m.Experiment,
            Call("GET", f"/api/v1/models/{quote(model)}/experiment", query={"metric": metric, "since": since}),
        )
        return answer

    async def record_outcomes(
        self, model: str, *, outcomes: builtins.list[builtins.dict[str, Any]], idempotency_key: str | None = None
    ) -> m.Recorded:
        """Say what came of answers."""
        answer: m.Recorded = await self._call(
            m.Recorded,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/outcomes",
                json={"outcomes": outcomes},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def predictions(
        self,
        model: str,
        *,
        input: builtins.dict[str, Any],
        max_cost: str | None = None,
        parameters: builtins.dict[str, Any] | Omit = OMIT,
        version: Any | Omit = OMIT,
        metadata: builtins.dict[str, Any] | Omit = OMIT,
        webhook: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> AsyncPrediction[Any]:
        """Run a model."""
        answer: AsyncPrediction[Any] = await self._call(
            AsyncPrediction,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/predictions",
                json={
                    "input": input,
                    "parameters": parameters,
                    "version": version,
                    "metadata": metadata,
                    "webhook": webhook,
                },
                headers={name: value for name, value in (("Max-Cost", max_cost),) if value is not None},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def publication(self, model: str) -> m.Publication:
        """See how publishing stands."""
        answer: m.Publication = await self._call(
            m.Publication, Call("GET", f"/api/v1/models/{quote(model)}/publication")
        )
        return answer

    async def publish(
        self,
        model: str,
        *,
        visibility: str,
        terms_accepted: bool | Omit = OMIT,
        terms: str | Omit = OMIT,
        pricing: builtins.dict[str, Any] | Omit = OMIT,
        access: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Publication:
        """Ask for the shelf."""
        answer: m.Publication = await self._call(
            m.Publication,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/publish",
                json={
                    "visibility": visibility,
                    "terms_accepted": terms_accepted,
                    "terms": terms,
                    "pricing": pricing,
                    "access": access,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def rollback(self, model: str, *, to: int | Omit = OMIT, idempotency_key: str | None = None) -> m.Traffic:
        """Spread calls as before."""
        answer: m.Traffic = await self._call(
            m.Traffic,
            Call("POST", f"/api/v1/models/{quote(model)}/rollback", json={"to": to}, idempotency_key=idempotency_key),
        )
        return answer

    async def schema(self, model: str) -> m.ModelSchema:
        """JSON Schemas of a model."""
        answer: m.ModelSchema = await self._call(m.ModelSchema, Call("GET", f"/api/v1/models/{quote(model)}/schema"))
        return answer

    async def traffic(self, model: str) -> m.Traffic:
        """See how calls are spread."""
        answer: m.Traffic = await self._call(m.Traffic, Call("GET", f"/api/v1/models/{quote(model)}/traffic"))
        return answer

    async def set_traffic(
        self,
        model: str,
        *,
        targets: builtins.list[builtins.dict[str, Any]],
        sticky_by: str | Omit = OMIT,
        shadow: int | None | Omit = OMIT,
        reason: str | Omit = OMIT,
    ) -> m.Traffic:
        """Spread calls over versions."""
        answer: m.Traffic = await self._call(
            m.Traffic,
            Call(
                "PUT",
                f"/api/v1/models/{quote(model)}/traffic",
                json={"targets": targets, "sticky_by": sticky_by, "shadow": shadow, "reason": reason},
            ),
        )
        return answer

    def traffic_history(self, model: str, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.Traffic]:
        """See how calls were spread."""
        return self._pages(
            m.Traffic, Call("GET", f"/api/v1/models/{quote(model)}/traffic/history", query={"limit": limit})
        )

    def model_versions_list(self, model: str) -> AsyncPaginator[m.ModelVersion]:
        """List a model's versions."""
        return self._pages(m.ModelVersion, Call("GET", f"/api/v1/models/{quote(model)}/versions"))

    async def model_versions(
        self,
        model: str,
        *,
        manifest: builtins.dict[str, Any] | Omit = OMIT,
        upload_id: str | Omit = OMIT,
        file_id: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Upload a version."""
        answer: builtins.dict[str, Any] = await self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions",
                json={"manifest": manifest, "upload_id": upload_id, "file_id": file_id},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def model_versions_retrieve(self, model: str, version: str) -> m.ModelVersion:
        """Get a version."""
        answer: m.ModelVersion = await self._call(
            m.ModelVersion, Call("GET", f"/api/v1/models/{quote(model)}/versions/{quote(version)}")
        )
        return answer

    async def model_versions_activate(
        self, model: str, version: int, *, idempotency_key: str | None = None
    ) -> m.Traffic:
        """Send all calls to a version."""
        answer: m.Traffic = await self._call(
            m.Traffic,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/activate",
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def model_versions_compress(
        self,
        model: str,
        version: int,
        *,
        method: str,
        calibration_file_id: str | Omit = OMIT,
        data_file_id: str | Omit = OMIT,
        min_agreement: float | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Make a version smaller."""
        answer: builtins.dict[str, Any] = await self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/compress",
                json={
                    "method": method,
                    "calibration_file_id": calibration_file_id,
                    "data_file_id": data_file_id,
                    "min_agreement": min_agreement,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def model_versions_deprecate(
        self,
        model: str,
        version: int,
        *,
        sunset: str,
        successor: int | None | Omit = OMIT,
        note: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Say until when a version answers."""
        answer: builtins.dict[str, Any] = await self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/deprecate",
                json={"sunset": sunset, "successor": successor, "note": note},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def model_versions_diff(self, model: str, version: int, *, against: int | Omit = OMIT) -> m.VersionDiff:
        """Compare two versions' schemas."""
        answer: m.VersionDiff = await self._call(
            m.VersionDiff,
            Call("GET", f"/api/v1/models/{quote(model)}/versions/{quote(version)}/diff", query={"against": against}),
        )
        return answer

    async def model_versions_report(self, model: str, version: int) -> m.Report:
        """Get a version's report."""
        answer: m.Report = await self._call(
            m.Report, Call("GET", f"/api/v1/models/{quote(model)}/versions/{quote(version)}/report")
        )
        return answer

    async def model_versions_retire(
        self, model: str, version: int, *, idempotency_key: str | None = None
    ) -> builtins.dict[str, Any]:
        """End a version."""
        answer: builtins.dict[str, Any] = await self._call(
            builtins.dict[str, Any],
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/versions/{quote(version)}/retire",
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def withdraw(self, model: str, *, idempotency_key: str | None = None) -> m.Publication:
        """Take a model off the shelf."""
        answer: m.Publication = await self._call(
            m.Publication, Call("POST", f"/api/v1/models/{quote(model)}/withdraw", idempotency_key=idempotency_key)
        )
        return answer


class PredictionsResource(Resource):
    """`client.predictions`"""

    def list(
        self, *, limit: int | Omit = OMIT, model: str | Omit = OMIT, status: str | Omit = OMIT
    ) -> Paginator[Prediction[Any]]:
        """List predictions."""
        return self._pages(
            Prediction, Call("GET", "/api/v1/predictions", query={"limit": limit, "model": model, "status": status})
        )

    def retrieve(self, prediction_id: str) -> Prediction[Any]:
        """Get one prediction."""
        answer: Prediction[Any] = self._call(Prediction, Call("GET", f"/api/v1/predictions/{quote(prediction_id)}"))
        return answer

    def cancel(self, prediction_id: str, *, idempotency_key: str | None = None) -> Prediction[Any]:
        """Cancel a prediction."""
        answer: Prediction[Any] = self._call(
            Prediction,
            Call("POST", f"/api/v1/predictions/{quote(prediction_id)}/cancel", idempotency_key=idempotency_key),
        )
        return answer

    def events(self, prediction_id: str, *, last_event_id: str | None = None) -> Iterator[Event]:
        """Follow a prediction."""
        return self._events(
            Call(
                "GET",
                f"/api/v1/predictions/{quote(prediction_id)}/events",
                headers={name: value for name, value in (("Last-Event-ID", last_event_id),) if value is not None},
            )
        )


class AsyncPredictionsResource(AsyncResource):
    """`client.predictions`"""

    def list(
        self, *, limit: int | Omit = OMIT, model: str | Omit = OMIT, status: str | Omit = OMIT
    ) -> AsyncPaginator[AsyncPrediction[Any]]:
        """List predictions."""
        return self._pages(
            AsyncPrediction,
            Call("GET", "/api/v1/predictions", query={"limit": limit, "model": model, "status": status}),
        )

    async def retrieve(self, prediction_id: str) -> AsyncPrediction[Any]:
        """Get one prediction."""
        answer: AsyncPrediction[Any] = await self._call(
            AsyncPrediction, Call("GET", f"/api/v1/predictions/{quote(prediction_id)}")
        )
        return answer

    async def cancel(self, prediction_id: str, *, idempotency_key: str | None = None) -> AsyncPrediction[Any]:
        """Cancel a prediction."""
        answer: AsyncPrediction[Any] = await self._call(
            AsyncPrediction,
            Call("POST", f"/api/v1/predictions/{quote(prediction_id)}/cancel", idempotency_key=idempotency_key),
        )
        return answer

    def events(self, prediction_id: str, *, last_event_id: str | None = None) -> AsyncIterator[Event]:
        """Follow a prediction."""
        return self._events(
            Call(
                "GET",
                f"/api/v1/predictions/{quote(prediction_id)}/events",
                headers={name: value for name, value in (("Last-Event-ID", last_event_id),) if value is not None},
            )
        )


class PricingResource(Resource):
    """`client.pricing`"""

    def estimate(self, *, model: str | Omit = OMIT, units: int | Omit = OMIT) -> m.Estimate:
        """Estimate a month's cost."""
        answer: m.Estimate = self._call(
            m.Estimate, Call("GET", "/api/v1/pricing/estimate", query={"model": model, "units": units})
        )
        return answer


class AsyncPricingResource(AsyncResource):
    """`client.pricing`"""

    async def estimate(self, *, model: str | Omit = OMIT, units: int | Omit = OMIT) -> m.Estimate:
        """Estimate a month's cost."""
        answer: m.Estimate = await self._call(
            m.Estimate, Call("GET", "/api/v1/pricing/estimate", query={"model": model, "units": units})
        )
        return answer


class ProviderResource(Resource):
    """`client.provider`"""

    def access_requests_list(
        self, *, limit: int | Omit = OMIT, model: str | Omit = OMIT, state: str | Omit = OMIT
    ) -> Paginator[m.AccessRequest]:
        """See who asks for access to your models."""
        return self._pages(
            m.AccessRequest,
            Call("GET", "/api/v1/provider/access-requests", query={"limit": limit, "model": model, "state": state}),
        )

    def access_requests_approve(self, request_id: int, *, idempotency_key: str | None = None) -> m.AccessRequest:
        """Let an organization in."""
        answer: m.AccessRequest = self._call(
            m.AccessRequest,
            Call(
                "POST", f"/api/v1/provider/access-requests/{quote(request_id)}/approve", idempotency_key=idempotency_key
            ),
        )
        return answer

    def access_requests_refuse(
        self, request_id: int, *, reason: str, idempotency_key: str | None = None
    ) -> m.AccessRequest:
        """Refuse an organization."""
        answer: m.AccessRequest = self._call(
            m.AccessRequest,
            Call(
                "POST",
                f"/api/v1/provider/access-requests/{quote(request_id)}/refuse",
                json={"reason": reason},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def access_requests_withdraw(
        self, request_id: int, *, reason: str, idempotency_key: str | None = None
    ) -> m.AccessRequest:
        """Take an organization's access back."""
        answer: m.AccessRequest = self._call(
            m.AccessRequest,
            Call(
                "POST",
                f"/api/v1/provider/access-requests/{quote(request_id)}/withdraw",
                json={"reason": reason},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def earnings_list(self) -> m.EarningList:
        """List what your models earned."""
        answer: m.EarningList = self._call(m.EarningList, Call("GET", "/api/v1/provider/earnings"))
        return answer

    def own_models_list(self, *, limit: int | Omit = OMIT) -> Paginator[m.OwnModel]:
        """List the models that you provide."""
        return self._pages(m.OwnModel, Call("GET", "/api/v1/provider/models", query={"limit": limit}))

    def own_models_retrieve(self, model: str) -> m.OwnModel:
        """Get a model that you provide."""
        answer: m.OwnModel = self._call(m.OwnModel, Call("GET", f"/api/v1/provider/models/{quote(model)}"))
        return answer

    def payouts_list(self) -> m.PayoutList:
        """List your payouts."""
        answer: m.PayoutList = self._call(m.PayoutList, Call("GET", "/api/v1/provider/payouts"))
        return answer


class AsyncProviderResource(AsyncResource):
    """`client.provider`"""

    def access_requests_list(
        self, *, limit: int | Omit = OMIT, model: str | Omit = OMIT, state: str | Omit = OMIT
    ) -> AsyncPaginator[m.AccessRequest]:
        """See who asks for access to your models."""
        return self._pages(
            m.AccessRequest,
            Call("GET", "/api/v1/provider/access-requests", query={"limit": limit, "model": model, "state": state}),
        )

    async def access_requests_approve(self, request_id: int, *, idempotency_key: str | None = None) -> m.AccessRequest:
        """Let an organization in."""
        answer: m.AccessRequest = await self._call(
            m.AccessRequest,
            Call(
                "POST", f"/api/v1/provider/access-requests/{quote(request_id)}/approve", idempotency_key=idempotency_key
            ),
        )
        return answer

    async def access_requests_refuse(
        self, request_id: int, *, reason: str, idempotency_key: str | None = None
    ) -> m.AccessRequest:
        """Refuse an organization."""
        answer: m.AccessRequest = await self._call(
            m.AccessRequest,
            Call(
                "POST",
                f"/api/v1/provider/access-requests/{quote(request_id)}/refuse",
                json={"reason": reason},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def access_requests_withdraw(
        self, request_id: int, *, reason: str, idempotency_key: str | None = None
    ) -> m.AccessRequest:
        """Take an organization's access back."""
        answer: m.AccessRequest = await self._call(
            m.AccessRequest,
            Call(
                "POST",
                f"/api/v1/provider/access-requests/{quote(request_id)}/withdraw",
                json={"reason": reason},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def earnings_list(self) -> m.EarningList:
        """List what your models earned."""
        answer: m.EarningList = await self._call(m.EarningList, Call("GET", "/api/v1/provider/earnings"))
        return answer

    def own_models_list(self, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.OwnModel]:
        """List the models that you provide."""
        return self._pages(m.OwnModel, Call("GET", "/api/v1/provider/models", query={"limit": limit}))

    async def own_models_retrieve(self, model: str) -> m.OwnModel:
        """Get a model that you provide."""
        answer: m.OwnModel = await self._call(m.OwnModel, Call("GET", f"/api/v1/provider/models/{quote(model)}"))
        return answer

    async def payouts_list(self) -> m.PayoutList:
        """List your payouts."""
        answer: m.PayoutList = await self._call(m.PayoutList, Call("GET", "/api/v1/provider/payouts"))
        return answer


class ServiceAccountsResource(Resource):
    """`client.service_accounts`"""

    def list(self) -> m.ServiceAccounts:
        """List the service accounts."""
        answer: m.ServiceAccounts = self._call(m.ServiceAccounts, Call("GET", "/api/v1/service-accounts"))
        return answer

    def create(self, *, name: str, role: str, idempotency_key: str | None = None) -> m.ServiceAccount:
        """Make a service account."""
        answer: m.ServiceAccount = self._call(
            m.ServiceAccount,
            Call(
                "POST", "/api/v1/service-accounts", json={"name": name, "role": role}, idempotency_key=idempotency_key
            ),
        )
        return answer

    def disable(self, account_id: int) -> None:
        """End a service account and its keys."""
        self._call(type(None), Call("DELETE", f"/api/v1/service-accounts/{quote(account_id)}"))

    def create_key(
        self,
        account_id: int,
        *,
        name: str,
        mode: str | Omit = OMIT,
        scopes: builtins.list[str] | Omit = OMIT,
        expires_at: str | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.NewApiKey:
        """Make an API key of a service account."""
        answer: m.NewApiKey = self._call(
            m.NewApiKey,
            Call(
                "POST",
                f"/api/v1/service-accounts/{quote(account_id)}/api-keys",
                json={"name": name, "mode": mode, "scopes": scopes, "expires_at": expires_at},
                idempotency_key=idempotency_key,
            ),
        )
        return answer


class AsyncServiceAccountsResource(AsyncResource):
    """`client.service_accounts`"""

    async def list(self) -> m.ServiceAccounts:
        """List the service accounts."""
        answer: m.ServiceAccounts = await self._call(m.ServiceAccounts, Call("GET", "/api/v1/service-accounts"))
        return answer

    async def create(self, *, name: str, role: str, idempotency_key: str | None = None) -> m.ServiceAccount:
        """Make a service account."""
        answer: m.ServiceAccount = await self._call(
            m.ServiceAccount,
            Call(
                "POST", "/api/v1/service-accounts", json={"name": name, "role": role}, idempotency_key=idempotency_key
            ),
        )
        return answer

    async def disable(self, account_id: int) -> None:
        """End a service account and its keys."""
        await self._call(type(None), Call("DELETE", f"/api/v1/service-accounts/{quote(account_id)}"))

    async def create_key(
        self,
        account_id: int,
        *,
        name: str,
        mode: str | Omit = OMIT,
        scopes: builtins.list[str] | Omit = OMIT,
        expires_at: str | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.NewApiKey:
        """Make an API key of a service account."""
        answer: m.NewApiKey = await self._call(
            m.NewApiKey,
            Call(
                "POST",
                f"/api/v1/service-accounts/{quote(account_id)}/api-keys",
                json={"name": name, "mode": mode, "scopes": scopes, "expires_at": expires_at},
                idempotency_key=idempotency_key,
            ),
        )
        return answer


class SubscriptionsResource(Resource):
    """`client.subscriptions`"""

    def list(self, *, limit: int | Omit = OMIT) -> Paginator[m.Subscription]:
        """List active subscriptions."""
        return self._pages(m.Subscription, Call("GET", "/api/v1/subscriptions", query={"limit": limit}))

    def create(self, *, model: str, plan: str | Omit = OMIT, idempotency_key: str | None = None) -> m.Subscription:
        """Subscribe to a model."""
        answer: m.Subscription = self._call(
            m.Subscription,
            Call("POST", "/api/v1/subscriptions", json={"model": model, "plan": plan}, idempotency_key=idempotency_key),
        )
        return answer

    def delete(self, subscription_id: int) -> None:
        """End a subscription."""
        self._call(type(None), Call("DELETE", f"/api/v1/subscriptions/{quote(subscription_id)}"))


class AsyncSubscriptionsResource(AsyncResource):
    """`client.subscriptions`"""

    def list(self, *, limit: int | Omit = OMIT) -> AsyncPaginator[m.Subscription]:
        """List active subscriptions."""
        return self._pages(m.Subscription, Call("GET", "/api/v1/subscriptions", query={"limit": limit}))

    async def create(
        self, *, model: str, plan: str | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.Subscription:
        """Subscribe to a model."""
        answer: m.Subscription = await self._call(
            m.Subscription,
            Call("POST", "/api/v1/subscriptions", json={"model": model, "plan": plan}, idempotency_key=idempotency_key),
        )
        return answer

    async def delete(self, subscription_id: int) -> None:
        """End a subscription."""
        await self._call(type(None), Call("DELETE", f"/api/v1/subscriptions/{quote(subscription_id)}"))


class TeamsResource(Resource):
    """`client.teams`"""

    def list(self) -> m.Teams:
        """List the organization's teams."""
        answer: m.Teams = self._call(m.Teams, Call("GET", "/api/v1/teams"))
        return answer

    def create(
        self, *, name: str, monthly_limit_minor: int | None | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.Team:
        """Make a team."""
        answer: m.Team = self._call(
            m.Team,
            Call(
                "POST",
                "/api/v1/teams",
                json={"name": name, "monthly_limit_minor": monthly_limit_minor},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def retrieve(self, team_id: int) -> m.Team:
        """Read a team."""
        answer: m.Team = self._call(m.Team, Call("GET", f"/api/v1/teams/{quote(team_id)}"))
        return answer

    def update(self, team_id: int, *, name: str, monthly_limit_minor: int | None | Omit = OMIT) -> m.Team:
        """Give a team another name or ceiling."""
        answer: m.Team = self._call(
            m.Team,
            Call(
                "PUT",
                f"/api/v1/teams/{quote(team_id)}",
                json={"name": name, "monthly_limit_minor": monthly_limit_minor},
            ),
        )
        return answer

    def delete(self, team_id: int) -> None:
        """End a team; its people stay members, its keys go on."""
        self._call(type(None), Call("DELETE", f"/api/v1/teams/{quote(team_id)}"))

    def set_people(self, team_id: int, *, people: builtins.list[int]) -> m.Team:
        """Say who belongs to a team."""
        answer: m.Team = self._call(
            m.Team, Call("PUT", f"/api/v1/teams/{quote(team_id)}/people", json={"people": people})
        )
        return answer


class AsyncTeamsResource(AsyncResource):
    """`client.teams`"""

    async def list(self) -> m.Teams:
        """List the organization's teams."""
        answer: m.Teams = await self._call(m.Teams, Call("GET", "/api/v1/teams"))
        return answer

    async def create(
        self, *, name: str, monthly_limit_minor: int | None | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.Team:
        """Make a team."""
        answer: m.Team = await self._call(
            m.Team,
            Call(
                "POST",
                "/api/v1/teams",
                json={"name": name, "monthly_limit_minor": monthly_limit_minor},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def retrieve(self, team_id: int) -> m.Team:
        """Read a team."""
        answer: m.Team = await self._call(m.Team, Call("GET", f"/api/v1/teams/{quote(team_id)}"))
        return answer

    async def update(self, team_id: int, *, name: str, monthly_limit_minor: int | None | Omit = OMIT) -> m.Team:
        """Give a team another name or ceiling."""
        answer: m.Team = await self._call(
            m.Team,
            Call(
                "PUT",
                f"/api/v1/teams/{quote(team_id)}",
                json={"name": name, "monthly_limit_minor": monthly_limit_minor},
            ),
        )
        return answer

    async def delete(self, team_id: int) -> None:
        """End a team; its people stay members, its keys go on."""
        await self._call(type(None), Call("DELETE", f"/api/v1/teams/{quote(team_id)}"))

    async def set_people(self, team_id: int, *, people: builtins.list[int]) -> m.Team:
        """Say who belongs to a team."""
        answer: m.Team = await self._call(
            m.Team, Call("PUT", f"/api/v1/teams/{quote(team_id)}/people", json={"people": people})
        )
        return answer


class UploadsResource(Resource):
    """`client.uploads`"""

    def create(
        self,
        *,
        filename: str,
        bytes: int,
        content_type: str | Omit = OMIT,
        purpose: str | Omit = OMIT,
        sha256: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Upload:
        """Begin a file that comes in parts."""
        answer: m.Upload = self._call(
            m.Upload,
            Call(
                "POST",
                "/api/v1/uploads",
                json={
                    "filename": filename,
                    "bytes": bytes,
                    "content_type": content_type,
                    "purpose": purpose,
                    "sha256": sha256,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def retrieve(self, upload_id: str) -> m.Upload:
        """See which parts are here."""
        answer: m.Upload = self._call(m.Upload, Call("GET", f"/api/v1/uploads/{quote(upload_id)}"))
        return answer

    def cancel(self, upload_id: str, *, idempotency_key: str | None = None) -> m.Upload:
        """Give an upload up."""
        answer: m.Upload = self._call(
            m.Upload, Call("POST", f"/api/v1/uploads/{quote(upload_id)}/cancel", idempotency_key=idempotency_key)
        )
        return answer

    def complete(self, upload_id: str, *, sha256: str | Omit = OMIT, idempotency_key: str | None = None) -> m.Upload:
        """Make the file of its parts."""
        answer: m.Upload = self._call(
            m.Upload,
            Call(
                "POST",
                f"/api/v1/uploads/{quote(upload_id)}/complete",
                json={"sha256": sha256},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def put_part(self, number: int, upload_id: str, *, content: bytes) -> m.UploadPart:
        """Send one part."""
        answer: m.UploadPart = self._call(
            m.UploadPart,
            Call(
                "PUT",
                f"/api/v1/uploads/{quote(upload_id)}/parts/{quote(number)}",
                content=content,
                headers={
                    name: value for name, value in (("Content-Type", "application/octet-stream"),) if value is not None
                },
            ),
        )
        return answer


class AsyncUploadsResource(AsyncResource):
    """`client.uploads`"""

    async def create(
        self,
        *,
        filename: str,
        bytes: int,
        content_type: str | Omit = OMIT,
        purpose: str | Omit = OMIT,
        sha256: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> m.Upload:
        """Begin a file that comes in parts."""
        answer: m.Upload = await self._call(
            m.Upload,
            Call(
                "POST",
                "/api/v1/uploads",
                json={
                    "filename": filename,
                    "bytes": bytes,
                    "content_type": content_type,
                    "purpose": purpose,
                    "sha256": sha256,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def retrieve(self, upload_id: str) -> m.Upload:
        """See which parts are here."""
        answer: m.Upload = await self._call(m.Upload, Call("GET", f"/api/v1/uploads/{quote(upload_id)}"))
        return answer

    async def cancel(self, upload_id: str, *, idempotency_key: str | None = None) -> m.Upload:
        """Give an upload up."""
        answer: m.Upload = await self._call(
            m.Upload, Call("POST", f"/api/v1/uploads/{quote(upload_id)}/cancel", idempotency_key=idempotency_key)
        )
        return answer

    async def complete(
        self, upload_id: str, *, sha256: str | Omit = OMIT, idempotency_key: str | None = None
    ) -> m.Upload:
        """Make the file of its parts."""
        answer: m.Upload = await self._call(
            m.Upload,
            Call(
                "POST",
                f"/api/v1/uploads/{quote(upload_id)}/complete",
                json={"sha256": sha256},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def put_part(self, number: int, upload_id: str, *, content: bytes) -> m.UploadPart:
        """Send one part."""
        answer: m.UploadPart = await self._call(
            m.UploadPart,
            Call(
                "PUT",
                f"/api/v1/uploads/{quote(upload_id)}/parts/{quote(number)}",
                content=content,
                headers={
                    name: value for name, value in (("Content-Type", "application/octet-stream"),) if value is not None
                },
            ),
        )
        return answer


class UsageResource(Resource):
    """`client.usage`"""

    def list(
        self,
        *,
        format_as: str | Omit = OMIT,
        from_: str | Omit = OMIT,
        group_by: str | Omit = OMIT,
        key_id: int | Omit = OMIT,
        mode: str | Omit = OMIT,
        model: str | Omit = OMIT,
        to: str | Omit = OMIT,
    ) -> m.Usage:
        """Sum usage up."""
        answer: m.Usage = self._call(
            m.Usage,
            Call(
                "GET",
                "/api/v1/usage",
                query={
                    "format_as": format_as,
                    "from": from_,
                    "group_by": group_by,
                    "key_id": key_id,
                    "mode": mode,
                    "model": model,
                    "to": to,
                },
            ),
        )
        return answer

    def events_list(
        self,
        *,
        format_as: str | Omit = OMIT,
        from_: str | Omit = OMIT,
        key_id: int | Omit = OMIT,
        limit: int | Omit = OMIT,
        mode: str | Omit = OMIT,
        model: str | Omit = OMIT,
        to: str | Omit = OMIT,
    ) -> Paginator[m.UsageEvent]:
        """List single uses."""
        return self._pages(
            m.UsageEvent,
            Call(
                "GET",
                "/api/v1/usage/events",
                query={
                    "format_as": format_as,
                    "from": from_,
                    "key_id": key_id,
                    "limit": limit,
                    "mode": mode,
                    "model": model,
                    "to": to,
                },
            ),
        )

    def receipt(self, event_id: str) -> m.Receipt:
        """Get the receipt of a call."""
        answer: m.Receipt = self._call(m.Receipt, Call("GET", f"/api/v1/usage/{quote(event_id)}/receipt"))
        return answer


class AsyncUsageResource(AsyncResource):
    """`client.usage`"""

    async def list(
        self,
        *,
        format_as: str | Omit = OMIT,
        from_: str | Omit = OMIT,
        group_by: str | Omit = OMIT,
        key_id: int | Omit = OMIT,
        mode: str | Omit = OMIT,
        model: str | Omit = OMIT,
        to: str | Omit = OMIT,
    ) -> m.Usage:
        """Sum usage up."""
        answer: m.Usage = await self._call(
            m.Usage,
            Call(
                "GET",
                "/api/v1/usage",
                query={
                    "format_as": format_as,
                    "from": from_,
                    "group_by": group_by,
                    "key_id": key_id,
                    "mode": mode,
                    "model": model,
                    "to": to,
                },
            ),
        )
        return answer

    def events_list(
        self,
        *,
        format_as: str | Omit = OMIT,
        from_: str | Omit = OMIT,
        key_id: int | Omit = OMIT,
        limit: int | Omit = OMIT,
        mode: str | Omit = OMIT,
        model: str | Omit = OMIT,
        to: str | Omit = OMIT,
    ) -> AsyncPaginator[m.UsageEvent]:
        """List single uses."""
        return self._pages(
            m.UsageEvent,
            Call(
                "GET",
                "/api/v1/usage/events",
                query={
                    "format_as": format_as,
                    "from": from_,
                    "key_id": key_id,
                    "limit": limit,
                    "mode": mode,
                    "model": model,
                    "to": to,
                },
            ),
        )

    async def receipt(self, event_id: str) -> m.Receipt:
        """Get the receipt of a call."""
        answer: m.Receipt = await self._call(m.Receipt, Call("GET", f"/api/v1/usage/{quote(event_id)}/receipt"))
        return answer


class WebhookDeliveriesResource(Resource):
    """`client.webhook_deliveries`"""

    def list(self) -> Paginator[m.WebhookDelivery]:
        """The newest 100 deliveries."""
        return self._pages(m.WebhookDelivery, Call("GET", "/api/v1/webhook-deliveries"))

    def replay(self, delivery_id: str, *, idempotency_key: str | None = None) -> m.WebhookDelivery:
        """Send a message again."""
        answer: m.WebhookDelivery = self._call(
            m.WebhookDelivery,
            Call("POST", f"/api/v1/webhook-deliveries/{quote(delivery_id)}/replay", idempotency_key=idempotency_key),
        )
        return answer


class AsyncWebhookDeliveriesResource(AsyncResource):
    """`client.webhook_deliveries`"""

    def list(self) -> AsyncPaginator[m.WebhookDelivery]:
        """The newest 100 deliveries."""
        return self._pages(m.WebhookDelivery, Call("GET", "/api/v1/webhook-deliveries"))

    async def replay(self, delivery_id: str, *, idempotency_key: str | None = None) -> m.WebhookDelivery:
        """Send a message again."""
        answer: m.WebhookDelivery = await self._call(
            m.WebhookDelivery,
            Call("POST", f"/api/v1/webhook-deliveries/{quote(delivery_id)}/replay", idempotency_key=idempotency_key),
        )
        return answer


class WebhookEndpointsResource(Resource):
    """`client.webhook_endpoints`"""

    def list(self) -> Paginator[m.WebhookEndpoint]:
        """List addresses told of events."""
        return self._pages(m.WebhookEndpoint, Call("GET", "/api/v1/webhook-endpoints"))

    def create(self, *, url: str, events: builtins.list[str], idempotency_key: str | None = None) -> m.WebhookEndpoint:
        """Tell an address of events."""
        answer: m.WebhookEndpoint = self._call(
            m.WebhookEndpoint,
            Call(
                "POST",
                "/api/v1/webhook-endpoints",
                json={"url": url, "events": events},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    def delete(self, endpoint_id: str) -> None:
        """Stop telling an address."""
        self._call(type(None), Call("DELETE", f"/api/v1/webhook-endpoints/{quote(endpoint_id)}"))

    def test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> m.WebhookDelivery:
        """Send an address a test message."""
        answer: m.WebhookDelivery = self._call(
            m.WebhookDelivery,
            Call("POST", f"/api/v1/webhook-endpoints/{quote(endpoint_id)}/test", idempotency_key=idempotency_key),
        )
        return answer


class AsyncWebhookEndpointsResource(AsyncResource):
    """`client.webhook_endpoints`"""

    def list(self) -> AsyncPaginator[m.WebhookEndpoint]:
        """List addresses told of events."""
        return self._pages(m.WebhookEndpoint, Call("GET", "/api/v1/webhook-endpoints"))

    async def create(
        self, *, url: str, events: builtins.list[str], idempotency_key: str | None = None
    ) -> m.WebhookEndpoint:
        """Tell an address of events."""
        answer: m.WebhookEndpoint = await self._call(
            m.WebhookEndpoint,
            Call(
                "POST",
                "/api/v1/webhook-endpoints",
                json={"url": url, "events": events},
                idempotency_key=idempotency_key,
            ),
        )
        return answer

    async def delete(self, endpoint_id: str) -> None:
        """Stop telling an address."""
        await self._call(type(None), Call("DELETE", f"/api/v1/webhook-endpoints/{quote(endpoint_id)}"))

    async def test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> m.WebhookDelivery:
        """Send an address a test message."""
        answer: m.WebhookDelivery = await self._call(
            m.WebhookDelivery,
            Call("POST", f"/api/v1/webhook-endpoints/{quote(endpoint_id)}/test", idempotency_key=idempotency_key),
        )
        return answer


class WebhookSecretsResource(Resource):
    """`client.webhook_secrets`"""

    def retrieve(self) -> m.WebhookSecret:
        """Signing secrets."""
        answer: m.WebhookSecret = self._call(m.WebhookSecret, Call("GET", "/api/v1/webhook-secrets"))
        return answer

    def rotate(self, *, idempotency_key: str | None = None) -> m.WebhookSecret:
        """Rotate the signing secret."""
        answer: m.WebhookSecret = self._call(
            m.WebhookSecret, Call("POST", "/api/v1/webhook-secrets", idempotency_key=idempotency_key)
        )
        return answer


class AsyncWebhookSecretsResource(AsyncResource):
    """`client.webhook_secrets`"""

    async def retrieve(self) -> m.WebhookSecret:
        """Signing secrets."""
        answer: m.WebhookSecret = await self._call(m.WebhookSecret, Call("GET", "/api/v1/webhook-secrets"))
        return answer

    async def rotate(self, *, idempotency_key: str | None = None) -> m.WebhookSecret:
        """Rotate the signing secret."""
        answer: m.WebhookSecret = await self._call(
            m.WebhookSecret, Call("POST", "/api/v1/webhook-secrets", idempotency_key=idempotency_key)
        )
        return answer


class Resources:
    """Every group of operations."""

    def __init__(self, transport: Sender) -> None:
        self.access_requests = AccessRequestsResource(transport)
        self.account = AccountResource(transport)
        self.api_keys = ApiKeysResource(transport)
        self.audit_log = AuditLogResource(transport)
        self.batches = BatchesResource(transport)
        self.billing = BillingResource(transport)
        self.budgets = BudgetsResource(transport)
        self.files = FilesResource(transport)
        self.invoices = InvoicesResource(transport)
        self.key_leaks = KeyLeaksResource(transport)
        self.models = ModelsResource(transport)
        self.predictions = PredictionsResource(transport)
        self.pricing = PricingResource(transport)
        self.provider = ProviderResource(transport)
        self.service_accounts = ServiceAccountsResource(transport)
        self.subscriptions = SubscriptionsResource(transport)
        self.teams = TeamsResource(transport)
        self.uploads = UploadsResource(transport)
        self.usage = UsageResource(transport)
        self.webhook_deliveries = WebhookDeliveriesResource(transport)
        self.webhook_endpoints = WebhookEndpointsResource(transport)
        self.webhook_secrets = WebhookSecretsResource(transport)


class AsyncResources:
    """Every group of operations."""

    def __init__(self, transport: AsyncSender) -> None:
        self.access_requests = AsyncAccessRequestsResource(transport)
        self.account = AsyncAccountResource(transport)
        self.api_keys = AsyncApiKeysResource(transport)
        self.audit_log = AsyncAuditLogResource(transport)
        self.batches = AsyncBatchesResource(transport)
        self.billing = AsyncBillingResource(transport)
        self.budgets = AsyncBudgetsResource(transport)
        self.files = AsyncFilesResource(transport)
        self.invoices = AsyncInvoicesResource(transport)
        self.key_leaks = AsyncKeyLeaksResource(transport)
        self.models = AsyncModelsResource(transport)
        self.predictions = AsyncPredictionsResource(transport)
        self.pricing = AsyncPricingResource(transport)
        self.provider = AsyncProviderResource(transport)
        self.service_accounts = AsyncServiceAccountsResource(transport)
        self.subscriptions = AsyncSubscriptionsResource(transport)
        self.teams = AsyncTeamsResource(transport)
        self.uploads = AsyncUploadsResource(transport)
        self.usage = AsyncUsageResource(transport)
        self.webhook_deliveries = AsyncWebhookDeliveriesResource(transport)
        self.webhook_endpoints = AsyncWebhookEndpointsResource(transport)
        self.webhook_secrets = AsyncWebhookSecretsResource(transport)
