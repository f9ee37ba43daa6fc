// Generated from sdk/openapi.json by sdk/generate_typescript.py. Do not edit.
import type { Page, Options } from "../transport.js";
import { quote, Resource } from "../transport.js";
import { Prediction } from "../prediction.js";
import type * as t from "./types.js";

/** `client.accessRequests` */
export class AccessRequestsResource extends Resource {
  /** List your requests for access */
  list(query: { limit?: number } = {}, options: Options = {}): Page<t.AccessRequest> {
    return this.pages({ method: "GET", path: `/api/v1/access-requests`, query, options });
  }

  /** Ask for access to a gated model */
  create(body: t.AskRequest, options: Options = {}): Promise<t.AccessRequest> {
    return this.send({ method: "POST", path: `/api/v1/access-requests`, body, options });
  }

  /** Take a request back */
  delete(requestId: number, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/access-requests/${quote(requestId)}`, options });
  }
}

/** `client.account` */
export class AccountResource extends Resource {
  /** The account that a request speaks for */
  retrieve(options: Options = {}): Promise<t.Account> {
    return this.send({ method: "GET", path: `/api/v1/account`, options });
  }
}

/** `client.apiKeys` */
export class ApiKeysResource extends Resource {
  /** List API keys */
  list(query: { limit?: number } = {}, options: Options = {}): Page<t.ApiKey> {
    return this.pages({ method: "GET", path: `/api/v1/api-keys`, query, options });
  }

  /** Create an API key */
  create(body: t.CreateApiKeyRequest, options: Options = {}): Promise<t.NewApiKey> {
    return this.send({ method: "POST", path: `/api/v1/api-keys`, body, options });
  }

  /** Revoke an API key */
  revoke(keyId: number, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/api-keys/${quote(keyId)}`, options });
  }

  /** Replace an API key, with an overlap */
  rotate(keyId: number, body: t.RotateApiKeyRequest = {}, options: Options = {}): Promise<t.NewApiKey> {
    return this.send({ method: "POST", path: `/api/v1/api-keys/${quote(keyId)}/rotate`, body, options });
  }

  /** Put an API key into a team, or none */
  setTeam(keyId: number, body: t.TeamOfKeyRequest, options: Options = {}): Promise<t.ApiKey> {
    return this.send({ method: "PUT", path: `/api/v1/api-keys/${quote(keyId)}/team`, body, options });
  }
}

/** `client.auditLog` */
export class AuditLogResource extends Resource {
  /** Read the audit log, newest first */
  list(query: { limit?: number } = {}, options: Options = {}): Page<t.AuditEntry> {
    return this.pages({ method: "GET", path: `/api/v1/audit-log`, query, options });
  }
}

/** `client.batches` */
export class BatchesResource extends Resource {
  /** List batches */
  list(query: { limit?: number } = {}, options: Options = {}): Page<t.Batch> {
    return this.pages({ method: "GET", path: `/api/v1/batches`, query, options });
  }

  /** Run a file of calls */
  create(body: t.BatchRequestRequest, options: Options = {}): Promise<t.Batch> {
    return this.send({ method: "POST", path: `/api/v1/batches`, body, options });
  }

  /** Get one batch */
  retrieve(batchId: string, options: Options = {}): Promise<t.Batch> {
    return this.send({ method: "GET", path: `/api/v1/batches/${quote(batchId)}`, options });
  }

  /** Cancel a batch */
  cancel(batchId: string, options: Options = {}): Promise<t.Batch> {
    return this.send({ method: "POST", path: `/api/v1/batches/${quote(batchId)}/cancel`, options });
  }
}

/** `client.billing` */
export class BillingResource extends Resource {
  /** Get the plan, the period and what is owed */
  accountGet(options: Options = {}): Promise<t.BillingAccount> {
    return this.send({ method: "GET", path: `/api/v1/billing/account`, options });
  }

  /** List the saved cards */
  paymentMethodsList(options: Options = {}): Promise<t.PaymentMethodList> {
    return this.send({ method: "GET", path: `/api/v1/billing/payment-methods`, options });
  }

  /** List the plans */
  plansList(options: Options = {}): Promise<t.PlanList> {
    return this.send({ method: "GET", path: `/api/v1/billing/plans`, options });
  }

  /** Choose a plan */
  planChoose(body: t.PlanChoiceRequest, options: Options = {}): Promise<t.PlanList> {
    return this.send({ method: "POST", path: `/api/v1/billing/plans`, body, options });
  }

  /** Buy prepaid credit */
  topUpsCreate(body: t.TopUpRequestRequest, options: Options = {}): Promise<t.CheckoutPage> {
    return this.send({ method: "POST", path: `/api/v1/billing/top-ups`, body, options });
  }

  /** Get the prepaid credit */
  walletGet(options: Options = {}): Promise<t.Wallet> {
    return this.send({ method: "GET", path: `/api/v1/billing/wallet`, options });
  }
}

/** `client.budgets` */
export class BudgetsResource extends Resource {
  /** List budgets */
  list(options: Options = {}): Promise<t.BudgetList> {
    return this.send({ method: "GET", path: `/api/v1/budgets`, options });
  }

  /** Set a budget */
  create(body: t.NewBudgetRequest, options: Options = {}): Promise<t.Budget> {
    return this.send({ method: "POST", path: `/api/v1/budgets`, body, options });
  }

  /** List the alerts of a budget */
  alerts(options: Options = {}): Promise<t.BudgetAlertList> {
    return this.send({ method: "GET", path: `/api/v1/budgets/alerts`, options });
  }

  /** Get one budget */
  get(budgetId: number, options: Options = {}): Promise<t.Budget> {
    return this.send({ method: "GET", path: `/api/v1/budgets/${quote(budgetId)}`, options });
  }

  /** Change a budget */
  update(budgetId: number, body: t.PatchedBudgetChangeRequest = {}, options: Options = {}): Promise<t.Budget> {
    return this.send({ method: "PATCH", path: `/api/v1/budgets/${quote(budgetId)}`, body, options });
  }

  /** Remove a budget */
  delete(budgetId: number, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/budgets/${quote(budgetId)}`, options });
  }
}

/** `client.files` */
export class FilesResource extends Resource {
  /** List files */
  list(query: { limit?: number; purpose?: string } = {}, options: Options = {}): Page<t.StoredFile> {
    return this.pages({ method: "GET", path: `/api/v1/files`, query, options });
  }

  /** Get one file's facts */
  retrieve(fileId: string, options: Options = {}): Promise<t.StoredFile> {
    return this.send({ method: "GET", path: `/api/v1/files/${quote(fileId)}`, options });
  }

  /** Delete a file */
  delete(fileId: string, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/files/${quote(fileId)}`, options });
  }
}

/** `client.invoices` */
export class InvoicesResource extends Resource {
  /** List invoices */
  list(options: Options = {}): Page<t.Invoice> {
    return this.pages({ method: "GET", path: `/api/v1/invoices`, options });
  }

  /** Get one invoice */
  get(invoiceId: string, options: Options = {}): Promise<t.Invoice> {
    return this.send({ method: "GET", path: `/api/v1/invoices/${quote(invoiceId)}`, options });
  }

  /** List the calls behind a line */
  lineEvents(invoiceId: number, line: number, query: { limit?: number } = {}, options: Options = {}): Page<t.LineEvent> {
    return this.pages({ method: "GET", path: `/api/v1/invoices/${quote(invoiceId)}/lines/${quote(line)}/events`, query, options });
  }
}

/** `client.keyLeaks` */
export class KeyLeaksResource extends Resource {
  /** Report keys that were found in public */
  report(body: t.LeakReportRequest, options: Options = {}): Promise<t.LeakVerdicts> {
    return this.send({ method: "POST", path: `/api/v1/key-leaks`, body, options });
  }
}

/** `client.models` */
export class ModelsResource extends Resource {
  /** Search the catalogue */
  list(query: { collection?: string[]; domain?: string[]; industry?: string[]; latency?: string[]; license?: string[]; limit?: number; modality?: string[]; pool?: string[]; provider?: string[]; search?: string; sort?: string; source?: string[]; tag?: string[]; task?: string[]; unit?: string[] } = {}, options: Options = {}): Page<t.ModelSummary> {
    return this.pages({ method: "GET", path: `/api/v1/models`, query, options });
  }

  /** Register a model of your own */
  create(body: t.NewModelRequest, options: Options = {}): Promise<t.OwnModel> {
    return this.send({ method: "POST", path: `/api/v1/models`, body, options });
  }

  /** Import a model from a hub */
  import(body: t.ImportRequest, options: Options = {}): Promise<Record<string, unknown>> {
    return this.send({ method: "POST", path: `/api/v1/models/import`, body, options });
  }

  /** Get a model */
  retrieve(model: string, options: Options = {}): Promise<t.ModelDetail> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}`, options });
  }

  /** Change texts, card, licence and price */
  update(model: string, body: t.PatchedModelTextsRequest = {}, options: Options = {}): Promise<t.OwnModel> {
    return this.send({ method: "PATCH", path: `/api/v1/models/${quote(model)}`, body, options });
  }

  /** Take a model of yours away */
  delete(model: string, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/models/${quote(model)}`, options });
  }

  /** List a model's aliases */
  modelAliasesList(model: string, options: Options = {}): Page<t.Alias> {
    return this.pages({ method: "GET", path: `/api/v1/models/${quote(model)}/aliases`, options });
  }

  /** Point an alias at a version */
  modelAliasesSet(alias: string, model: string, body: t.NewAliasRequest, options: Options = {}): Promise<t.Alias> {
    return this.send({ method: "PUT", path: `/api/v1/models/${quote(model)}/aliases/${quote(alias)}`, body, options });
  }

  /** Remove an alias */
  modelAliasesDelete(alias: string, model: string, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/models/${quote(model)}/aliases/${quote(alias)}`, options });
  }

  /** List guarded rollouts */
  canaries(model: string, query: { limit?: number } = {}, options: Options = {}): Page<t.Rollout> {
    return this.pages({ method: "GET", path: `/api/v1/models/${quote(model)}/canary`, query, options });
  }

  /** Roll a version out under guard */
  startCanary(model: string, body: t.NewRolloutRequest, options: Options = {}): Promise<t.Rollout> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/canary`, body, options });
  }

  /** Take a guarded rollout back */
  cancelCanary(model: string, options: Options = {}): Promise<t.Rollout> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/canary/cancel`, options });
  }

  /** See how a model is run */
  deployment(model: string, options: Options = {}): Promise<t.Deployment> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/deployment`, options });
  }

  /** Say how a model is to be run */
  deploy(model: string, body: t.NewDeploymentRequest = {}, options: Options = {}): Promise<t.Deployment> {
    return this.send({ method: "PUT", path: `/api/v1/models/${quote(model)}/deployment`, body, options });
  }

  /** Compare versions by their outcomes */
  experiment(model: string, query: { metric?: string; since?: string } = {}, options: Options = {}): Promise<t.Experiment> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/experiment`, query, options });
  }

  /** Say what came of answers */
  recordOutcomes(model: string, body: t.NewOutcomesRequest, options: Options = {}): Promise<t.Recorded> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/outcomes`, body, options });
  }

  /** Run a model Headers in `options.headers`: Max-Cost. */
  async predictionsCreate(model: string, body: t.PredictionRequestRequest, options: Options = {}): Promise<Prediction> {
    return new Prediction(await this.send<t.Prediction>({ method: "POST", path: `/api/v1/models/${quote(model)}/predictions`, body, options }), this.transport);
  }

  /** See how publishing stands */
  publication(model: string, options: Options = {}): Promise<t.Publication> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/publication`, options });
  }

  /** Ask for the shelf */
  publish(model: string, body: t.PublishRequest, options: Options = {}): Promise<t.Publication> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/publish`, body, options });
  }

  /** Spread calls as before */
  rollback(model: string, body: t.RollbackRequest = {}, options: Options = {}): Promise<t.Traffic> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/rollback`, body, options });
  }

  /** JSON Schemas of a model */
  schema(model: string, options: Options = {}): Promise<t.ModelSchema> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/schema`, options });
  }

  /** See how calls are spread */
  traffic(model: string, options: Options = {}): Promise<t.Traffic> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/traffic`, options });
  }

  /** Spread calls over versions */
  setTraffic(model: string, body: t.NewTrafficRequest, options: Options = {}): Promise<t.Traffic> {
    return this.send({ method: "PUT", path: `/api/v1/models/${quote(model)}/traffic`, body, options });
  }

  /** See how calls were spread */
  trafficHistory(model: string, query: { limit?: number } = {}, options: Options = {}): Page<t.Traffic> {
    return this.pages({ method: "GET", path: `/api/v1/models/${quote(model)}/traffic/history`, query, options });
  }

  /** List a model's versions */
  modelVersionsList(model: string, options: Options = {}): Page<t.ModelVersion> {
    return this.pages({ method: "GET", path: `/api/v1/models/${quote(model)}/versions`, options });
  }

  /** Upload a version */
  modelVersionsCreate(model: string, body: t.VersionOfUploadRequest = {}, options: Options = {}): Promise<Record<string, unknown>> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/versions`, body, options });
  }

  /** Get a version */
  modelVersionsRetrieve(model: string, version: string, options: Options = {}): Promise<t.ModelVersion> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}`, options });
  }

  /** Send all calls to a version */
  modelVersionsActivate(model: string, version: number, options: Options = {}): Promise<t.Traffic> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}/activate`, options });
  }

  /** Make a version smaller */
  modelVersionsCompress(model: string, version: number, body: t.CompressRequest, options: Options = {}): Promise<Record<string, unknown>> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}/compress`, body, options });
  }

  /** Say until when a version answers */
  modelVersionsDeprecate(model: string, version: number, body: t.DeprecationRequest, options: Options = {}): Promise<Record<string, unknown>> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}/deprecate`, body, options });
  }

  /** Compare two versions' schemas */
  modelVersionsDiff(model: string, version: number, query: { against: number }, options: Options = {}): Promise<t.VersionDiff> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}/diff`, query, options });
  }

  /** Get a version's report */
  modelVersionsReport(model: string, version: number, options: Options = {}): Promise<t.Report> {
    return this.send({ method: "GET", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}/report`, options });
  }

  /** End a version */
  modelVersionsRetire(model: string, version: number, options: Options = {}): Promise<Record<string, unknown>> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/versions/${quote(version)}/retire`, options });
  }

  /** Take a model off the shelf */
  withdraw(model: string, options: Options = {}): Promise<t.Publication> {
    return this.send({ method: "POST", path: `/api/v1/models/${quote(model)}/withdraw`, options });
  }
}

/** `client.predictions` */
export class PredictionsResource extends Resource {
  /** List predictions */
  list(query: { limit?: number; model?: string; status?: string } = {}, options: Options = {}): Page<Prediction> {
    return this.pages({ method: "GET", path: `/api/v1/predictions`, query, options }, (data) => new Prediction(data as t.Prediction, this.transport));
  }

  /** Get one prediction */
  async retrieve(predictionId: string, options: Options = {}): Promise<Prediction> {
    return new Prediction(await this.send<t.Prediction>({ method: "GET", path: `/api/v1/predictions/${quote(predictionId)}`, options }), this.transport);
  }

  /** Cancel a prediction */
  async cancel(predictionId: string, options: Options = {}): Promise<Prediction> {
    return new Prediction(await this.send<t.Prediction>({ method: "POST", path: `/api/v1/predictions/${quote(predictionId)}/cancel`, options }), this.transport);
  }
}

/** `client.pricing` */
export class PricingResource extends Resource {
  /** Estimate a month's cost */
  estimate(query: { model: string; units?: number }, options: Options = {}): Promise<t.Estimate> {
    return this.send({ method: "GET", path: `/api/v1/pricing/estimate`, query, options });
  }
}

/** `client.provider` */
export class ProviderResource extends Resource {
  /** See who asks for access to your models */
  accessRequestsList(query: { limit?: number; model?: string; state?: string } = {}, options: Options = {}): Page<t.AccessRequest> {
    return this.pages({ method: "GET", path: `/api/v1/provider/access-requests`, query, options });
  }

  /** Let an organization in */
  accessRequestsApprove(requestId: number, options: Options = {}): Promise<t.AccessRequest> {
    return this.send({ method: "POST", path: `/api/v1/provider/access-requests/${quote(requestId)}/approve`, options });
  }

  /** Refuse an organization */
  accessRequestsRefuse(requestId: number, body: t.WhyRequest, options: Options = {}): Promise<t.AccessRequest> {
    return this.send({ method: "POST", path: `/api/v1/provider/access-requests/${quote(requestId)}/refuse`, body, options });
  }

  /** Take an organization's access back */
  accessRequestsWithdraw(requestId: number, body: t.WhyRequest, options: Options = {}): Promise<t.AccessRequest> {
    return this.send({ method: "POST", path: `/api/v1/provider/access-requests/${quote(requestId)}/withdraw`, body, options });
  }

  /** List what your models earned */
  earningsList(options: Options = {}): Promise<t.EarningList> {
    return this.send({ method: "GET", path: `/api/v1/provider/earnings`, options });
  }

  /** List the models that you provide */
  ownModelsList(query: { limit?: number } = {}, options: Options = {}): Page<t.OwnModel> {
    return this.pages({ method: "GET", path: `/api/v1/provider/models`, query, options });
  }

  /** Get a model that you provide */
  ownModelsRetrieve(model: string, options: Options = {}): Promise<t.OwnModel> {
    return this.send({ method: "GET", path: `/api/v1/provider/models/${quote(model)}`, options });
  }

  /** List your payouts */
  payoutsList(options: Options = {}): Promise<t.PayoutList> {
    return this.send({ method: "GET", path: `/api/v1/provider/payouts`, options });
  }
}

/** `client.serviceAccounts` */
export class ServiceAccountsResource extends Resource {
  /** List the service accounts */
  list(options: Options = {}): Promise<t.ServiceAccounts> {
    return this.send({ method: "GET", path: `/api/v1/service-accounts`, options });
  }

  /** Make a service account */
  create(body: t.ServiceAccountWishRequest, options: Options = {}): Promise<t.ServiceAccount> {
    return this.send({ method: "POST", path: `/api/v1/service-accounts`, body, options });
  }

  /** End a service account and its keys */
  disable(accountId: number, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/service-accounts/${quote(accountId)}`, options });
  }

  /** Make an API key of a service account */
  createKey(accountId: number, body: t.CreateServiceKeyRequest, options: Options = {}): Promise<t.NewApiKey> {
    return this.send({ method: "POST", path: `/api/v1/service-accounts/${quote(accountId)}/api-keys`, body, options });
  }
}

/** `client.subscriptions` */
export class SubscriptionsResource extends Resource {
  /** List active subscriptions */
  list(query: { limit?: number } = {}, options: Options = {}): Page<t.Subscription> {
    return this.pages({ method: "GET", path: `/api/v1/subscriptions`, query, options });
  }

  /** Subscribe to a model */
  create(body: t.SubscribeRequest, options: Options = {}): Promise<t.Subscription> {
    return this.send({ method: "POST", path: `/api/v1/subscriptions`, body, options });
  }

  /** End a subscription */
  delete(subscriptionId: number, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/subscriptions/${quote(subscriptionId)}`, options });
  }
}

/** `client.teams` */
export class TeamsResource extends Resource {
  /** List the organization's teams */
  list(options: Options = {}): Promise<t.Teams> {
    return this.send({ method: "GET", path: `/api/v1/teams`, options });
  }

  /** Make a team */
  create(body: t.TeamWishRequest, options: Options = {}): Promise<t.Team> {
    return this.send({ method: "POST", path: `/api/v1/teams`, body, options });
  }

  /** Read a team */
  retrieve(teamId: number, options: Options = {}): Promise<t.Team> {
    return this.send({ method: "GET", path: `/api/v1/teams/${quote(teamId)}`, options });
  }

  /** Give a team another name or ceiling */
  update(teamId: number, body: t.TeamWishRequest, options: Options = {}): Promise<t.Team> {
    return this.send({ method: "PUT", path: `/api/v1/teams/${quote(teamId)}`, body, options });
  }

  /** End a team; its people stay members, its keys go on */
  delete(teamId: number, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/teams/${quote(teamId)}`, options });
  }

  /** Say who belongs to a team */
  setPeople(teamId: number, body: t.PeopleRequest, options: Options = {}): Promise<t.Team> {
    return this.send({ method: "PUT", path: `/api/v1/teams/${quote(teamId)}/people`, body, options });
  }
}

/** `client.uploads` */
export class UploadsResource extends Resource {
  /** Begin a file that comes in parts */
  create(body: t.UploadRequestRequest, options: Options = {}): Promise<t.Upload> {
    return this.send({ method: "POST", path: `/api/v1/uploads`, body, options });
  }

  /** See which parts are here */
  retrieve(uploadId: string, options: Options = {}): Promise<t.Upload> {
    return this.send({ method: "GET", path: `/api/v1/uploads/${quote(uploadId)}`, options });
  }

  /** Give an upload up */
  cancel(uploadId: string, options: Options = {}): Promise<t.Upload> {
    return this.send({ method: "POST", path: `/api/v1/uploads/${quote(uploadId)}/cancel`, options });
  }

  /** Make the file of its parts */
  complete(uploadId: string, body: t.CompleteUploadRequest = {}, options: Options = {}): Promise<t.Upload> {
    return this.send({ method: "POST", path: `/api/v1/uploads/${quote(uploadId)}/complete`, body, options });
  }
}

/** `client.usage` */
export class UsageResource extends Resource {
  /** Sum usage up */
  list(query: { format_as?: string; from?: string; group_by?: string; key_id?: number; mode?: string; model?: string; to?: string } = {}, options: Options = {}): Promise<t.Usage> {
    return this.send({ method: "GET", path: `/api/v1/usage`, query, options });
  }

  /** List single uses */
  eventsList(query: { format_as?: string; from?: string; key_id?: number; limit?: number; mode?: string; model?: string; to?: string } = {}, options: Options = {}): Page<t.UsageEvent> {
    return this.pages({ method: "GET", path: `/api/v1/usage/events`, query, options });
  }

  /** Get the receipt of a call */
  receipt(eventId: string, options: Options = {}): Promise<t.Receipt> {
    return this.send({ method: "GET", path: `/api/v1/usage/${quote(eventId)}/receipt`, options });
  }
}

/** `client.webhookDeliveries` */
export class WebhookDeliveriesResource extends Resource {
  /** The newest 100 deliveries */
  list(options: Options = {}): Page<t.WebhookDelivery> {
    return this.pages({ method: "GET", path: `/api/v1/webhook-deliveries`, options });
  }

  /** Send a message again */
  replay(deliveryId: string, options: Options = {}): Promise<t.WebhookDelivery> {
    return this.send({ method: "POST", path: `/api/v1/webhook-deliveries/${quote(deliveryId)}/replay`, options });
  }
}

/** `client.webhookEndpoints` */
export class WebhookEndpointsResource extends Resource {
  /** List addresses told of events */
  list(options: Options = {}): Page<t.WebhookEndpoint> {
    return this.pages({ method: "GET", path: `/api/v1/webhook-endpoints`, options });
  }

  /** Tell an address of events */
  create(body: t.NewWebhookEndpointRequest, options: Options = {}): Promise<t.WebhookEndpoint> {
    return this.send({ method: "POST", path: `/api/v1/webhook-endpoints`, body, options });
  }

  /** Stop telling an address */
  delete(endpointId: string, options: Options = {}): Promise<void> {
    return this.send({ method: "DELETE", path: `/api/v1/webhook-endpoints/${quote(endpointId)}`, options });
  }

  /** Send an address a test message */
  test(endpointId: string, options: Options = {}): Promise<t.WebhookDelivery> {
    return this.send({ method: "POST", path: `/api/v1/webhook-endpoints/${quote(endpointId)}/test`, options });
  }
}

/** `client.webhookSecrets` */
export class WebhookSecretsResource extends Resource {
  /** Signing secrets */
  retrieve(options: Options = {}): Promise<t.WebhookSecret> {
    return this.send({ method: "GET", path: `/api/v1/webhook-secrets`, options });
  }

  /** Rotate the signing secret */
  rotate(options: Options = {}): Promise<t.WebhookSecret> {
    return this.send({ method: "POST", path: `/api/v1/webhook-secrets`, options });
  }
}

/** Every group of operations. */
export class Resources extends Resource {
  readonly accessRequests = new AccessRequestsResource(this.transport);
  readonly account = new AccountResource(this.transport);
  readonly apiKeys = new ApiKeysResource(this.transport);
  readonly auditLog = new AuditLogResource(this.transport);
  readonly batches = new BatchesResource(this.transport);
  readonly billing = new BillingResource(this.transport);
  readonly budgets = new BudgetsResource(this.transport);
  readonly files = new FilesResource(this.transport);
  readonly invoices = new InvoicesResource(this.transport);
  readonly keyLeaks = new KeyLeaksResource(this.transport);
  readonly models = new ModelsResource(this.transport);
  readonly predictions = new PredictionsResource(this.transport);
  readonly pricing = new PricingResource(this.transport);
  readonly provider = new ProviderResource(this.transport);
  readonly serviceAccounts = new ServiceAccountsResource(this.transport);
  readonly subscriptions = new SubscriptionsResource(this.transport);
  readonly teams = new TeamsResource(this.transport);
  readonly uploads = new UploadsResource(this.transport);
  readonly usage = new UsageResource(this.transport);
  readonly webhookDeliveries = new WebhookDeliveriesResource(this.transport);
  readonly webhookEndpoints = new WebhookEndpointsResource(this.transport);
  readonly webhookSecrets = new WebhookSecretsResource(this.transport);
}
