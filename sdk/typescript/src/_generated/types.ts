// Generated from sdk/openapi.json by sdk/generate_typescript.py. Do not edit.
/** An organization's wish to subscribe to a gated model, and what its provider said. */
export interface AccessRequest {
  id: number;
  model: string;
  /** The name of the one that asks. */
  organization: string;
  /** Address of the person who asked; empty: an API key did. */
  person: string;
  /** free or payg: the subscription's plan once it is approved. */
  plan: string;
  purpose: string;
  /** waiting, approved, refused, canceled or withdrawn */
  request_state: string;
  /** Why it was refused or withdrawn. */
  reason: string;
  asked_at: string;
  decided_at: string | null;
}

export interface AccessRequestPage {
  data: AccessRequest[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Who a request speaks for. */
export interface Account {
  /** The organization's slug. */
  organization: string;
  name: string;
  currency: string;
  /** active, past_due or suspended */
  account_status: string;
  /** Your role; null for an API key. */
  role: string | null;
  /** What the API key may do. */
  scopes: string[];
  created_at: string;
}

/** When a rollout is taken back. null switches one off. */
export interface AlarmsRequest {
  /** So much more of the canary's calls may fail than of the stable version's; 0.02 unless you say. */
  error_rate?: number | null;
  /** The canary's p95 may be so many times the stable version's; 2 unless you say. */
  latency_ratio?: number | null;
  /** And only where it is slower by so many milliseconds; 25 unless you say. */
  latency_ms?: number;
  /** So much of the golden examples may be answered differently; 0 unless you say. */
  example_mismatch?: number | null;
}

export interface Alias {
  name: string;
  version: number;
}

export interface AliasPage {
  data: Alias[];
  has_more: boolean;
  next_cursor: string | null;
}

/** One image, either as content or by its address, and what to look for in it. */
export interface AnalyzeImageRequestRequest {
  /** Base64, a data URL, or a file id. */
  image?: string;
  /** A public http(s) address of at most 10 MB. */
  url?: string;
  /** 1 to 8 tasks of the catalogue, in any case: object_detection, text_recognition, face_detection, barcode_reading, … */
  types: string[];
}

/** Equal inputs get the stored answer of the same version for so long. */
export interface AnswerCache {
  ttl_s?: number;
}

/** Equal inputs get the stored answer of the same version for so long. */
export interface AnswerCacheRequest {
  ttl_s?: number;
}

/** A key without its secret. */
export interface ApiKey {
  id: number;
  name: string;
  /** live or test */
  mode: string;
  prefix: string;
  last4: string;
  scopes: string[];
  /** Only these models; empty: every subscribed one. */
  models: string[];
  allowed_ips: string[];
  rate_per_minute: number;
  concurrency: number;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** Of the last delivered call or management request, true within a minute. */
  last_used_at: string | null;
}

export interface ApiKeyPage {
  data: ApiKey[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface Approval {
  at: string;
  note: string;
}

export interface AskRequest {
  model: string;
  /** What you want to use it for. */
  purpose: string;
  /** free or payg */
  plan?: string;
}

/** One link of the organization's chain. Actors are numbers: the trail names nobody. */
export interface AuditEntry {
  number: number;
  at: string;
  /** user, key or system */
  actor_kind: string;
  actor_id: number | null;
  action: string;
  target: string;
  ip: string | null;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  previous_hash: string;
  /** SHA-256 over this entry and its predecessor's hash. */
  hash: string;
}

export interface AuditEntryPage {
  data: AuditEntry[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Between `min` and `max` instances so that the metric stays at its target. */
export interface Autoscale {
  /** Of each instance: percent of a core, milliseconds that a call waits, or calls a second. * `cpu_utilization` - cpu_utilization * `queue_ms` - queue_ms * `rps` - rps */
  metric?: MetricEnum;
  /** 70 for cpu_utilization unless you say. */
  target?: number;
  min?: number;
  max?: number;
  /** So long fewer must suffice before instances are taken away; 60 unless you say. */
  cooldown_s?: number;
}

/** Between `min` and `max` instances so that the metric stays at its target. */
export interface AutoscaleRequest {
  /** Of each instance: percent of a core, milliseconds that a call waits, or calls a second. * `cpu_utilization` - cpu_utilization * `queue_ms` - queue_ms * `rps` - rps */
  metric?: MetricEnum;
  /** 70 for cpu_utilization unless you say. */
  target?: number;
  min?: number;
  max?: number;
  /** So long fewer must suffice before instances are taken away; 60 unless you say. */
  cooldown_s?: number;
}

/** A batch: each line is metered and billed as a call of its own. */
export interface Batch {
  /** batch_… */
  id: string;
  /** Always `batch`. */
  object: string;
  endpoint: string;
  /** validating, in_progress, finalizing, completed, failed, canceling, canceled or expired. */
  status: string;
  /** 0 to 1. */
  progress: number;
  counts: BatchCounts;
  input_file_id: string;
  output_file_id: string | null;
  error_file_id: string | null;
  /** Why the input file was refused. */
  errors: BatchFault[];
  metadata: Record<string, unknown>;
  usage: BatchUsage;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  expires_at: string;
  urls: BatchUrls;
}

export interface BatchCounts {
  total: number;
  succeeded: number;
  failed: number;
}

export interface BatchFault {
  line: number | null;
  code: string;
  message: string;
}

export interface BatchPage {
  data: Batch[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Many calls from a file of JSON lines: `{"custom_id", "method", "url", "body"}`, or for predictions the short form `{"custom_id", "input", "parameters"}`. */
export interface BatchRequestRequest {
  /** A file of the purpose batch. */
  input_file_id: string;
  /** Short for the endpoint of its predictions. */
  model?: string;
  /** /api/v1/models/{model}/predictions, /v1/embeddings or /v1/moderations. */
  endpoint?: string;
  metadata?: Record<string, unknown>;
}

export interface BatchUrls {
  get: string;
  cancel: string;
}

export interface BatchUsage {
  /** Decimal text in the currency's unit, before included units and tiers. */
  cost: string;
  currency: string | null;
}

/** Calls that meet run as one. */
export interface Batching {
  max_batch_size?: number;
  max_queue_delay_us?: number;
  preferred_batch_sizes?: number[];
}

/** Calls that meet run as one. */
export interface BatchingRequest {
  max_batch_size?: number;
  max_queue_delay_us?: number;
  preferred_batch_sizes?: number[];
}

export interface BillingAccount {
  object: string;
  currency: string;
  plan: string;
  next_plan: string;
  next_plan_from: string | null;
  period_start: string;
  period_end: string;
  /** blocked: calls are slowed down * `active` - active * `blocked` - blocked * `suspended` - suspended */
  state: StateEnum;
  /** in the currency's unit */
  owed: string;
  /** no real money moves */
  sandbox: boolean;
}

export interface Budget {
  object: string;
  id: string;
  name: string;
  key_id: number | null;
  window: WindowEnum;
  /** in the currency's unit */
  amount: string;
  currency: string;
  /** no call passes it */
  hard: boolean;
  /** percents that fire an alert */
  thresholds: number[];
  /** in the present window, before included units and rounding */
  spent: string;
  period_start: string;
  alerts: BudgetAlert[];
}

export interface BudgetAlert {
  budget: string;
  period_start: string;
  /** percent */
  threshold: number;
  /** in the currency's unit, when it was noticed */
  spent: string;
  fired_at: string;
}

export interface BudgetAlertList {
  data: BudgetAlert[];
}

export interface BudgetList {
  data: Budget[];
}

/** What a person must know before using it. */
export interface CardRequest {
  use?: string;
  limits?: string;
  misuse?: string;
  origin?: OriginRequest;
}

/** One check of a version, in the order in which they are made. */
export interface Check {
  id: string;
  title: string;
  /** passed, failed, warning or skipped */
  check_status: string;
  detail: string;
  /** What to do about it. */
  fix: string;
  code: string;
  ms: number;
  values: Record<string, unknown>;
}

export interface CheckoutPage {
  /** where the person pays */
  url: string;
}

export interface Classification {
  model: string;
  version: number;
  predictions: Label[];
  usage: PredictionUsage;
}

/** An image for the default classifier. */
export interface ClassifyRequestRequest {
  /** The image in base64, as a data URL, or a file id. */
  image_base64: string;
  /** 1 to 100 labels, 5 unless told. */
  top_k?: number;
}

export interface CompleteUploadRequest {
  /** Of the whole file; checked. */
  sha256?: string;
}

/** How a version is to be made smaller, and on what its answers are compared. */
export interface CompressRequest {
  method: MethodEnum;
  /** Lines of {input, output?}, for int8_static. */
  calibration_file_id?: string;
  /** Lines of {input, output?}: accuracy is told on it. */
  data_file_id?: string;
  /** 0.9 unless told. */
  min_agreement?: number;
}

/** What a key is made of. */
export interface CreateApiKeyRequest {
  name: string;
  /** live or test */
  mode?: string;
  /** Of predict, files, models:read, models:write, models:deploy, keys:admin, billing, webhooks. */
  scopes?: string[];
  models?: string[];
  allowed_ips?: string[];
  rate_per_minute?: number;
  concurrency?: number;
  expires_at?: string | null;
}

/** What a key of a service account is made of. */
export interface CreateServiceKeyRequest {
  name: string;
  /** live or test */
  mode?: string;
  /** No more than the account's role gives. */
  scopes?: string[];
  expires_at?: string | null;
}

export interface CreditGrant {
  id: number;
  kind: string;
  /** in the currency's unit */
  amount: string;
  /** in the currency's unit */
  left: string;
  reason: string;
  created_at: string;
  expires_at: string | null;
}

/** What was asked for, and what really runs. */
export interface Deployment {
  model: string;
  wanted: NewDeployment;
  running: RunningVersion[];
  updated_at: string;
}

export interface DeprecationRequest {
  sunset: string;
  successor?: number | null;
  note?: string;
}

/** * `auto` - auto * `cpu` - cpu * `gpu` - gpu */
export type DeviceEnum = string;

export interface Difference {
  pointer: string;
  /** added, removed or changed */
  change: string;
  before: unknown;
  after: unknown;
}

export interface Earning {
  model: string;
  currency: string;
  /** in the currency's unit */
  net: string;
  /** in the currency's unit */
  share: string;
  /** in the currency's unit */
  held: string;
  /** in the currency's unit */
  free: string;
  /** in the currency's unit */
  paid: string;
}

export interface EarningList {
  data: Earning[];
}

export interface Estimate {
  model: string;
  unit: string;
  units: number;
  /** this month, by this organization */
  used: number;
  included_left: number;
  unit_amount: string;
  amount: string;
  currency: string;
}

/** Versions compared by a metric. */
export interface Experiment {
  model: string;
  metric: string;
  /** Of which there are outcomes. */
  metrics: string[];
  binary: boolean;
  since: string;
  control: number | null;
  /** 0.05, shared by the comparisons. */
  alpha: number;
  variants: Variant[];
}

export interface FacetValue {
  value: string;
  /** Models that this choice would leave, with everything else selected. */
  count: number;
  selected: boolean;
  title: string;
  title_zh: string;
}

/** One file of at most 64 MiB; larger ones come in parts (uploads). */
export interface FileUploadRequest {
  file: string;
  /** One of batch, user_data, vision; user_data unless told. */
  purpose?: string;
  /** Seconds, an hour to 90 days; 30 days else. */
  expires_after?: number;
}

/** * `model` - model * `key` - key * `hour` - hour * `day` - day */
export type GroupByEnum = string;

/** The analyses by the names that were asked for; each is billed as a call of its own, a failed one is not. */
export interface ImageAnalysis {
  id: string;
  /** Always `image_analysis`. */
  object: string;
  /** {model, version, output, warnings, usage, error} of each analysis. */
  results: Record<string, unknown>;
  /** Of object_detection. */
  detected_objects: (Record<string, unknown>)[];
  /** Of text_recognition. */
  recognized_text: string | null;
  /** {cost, currency} of all. */
  usage: Record<string, unknown>;
}

/** An ONNX file of a public hub's repository. */
export interface ImportRequest {
  /** organization/name */
  repository: string;
  /** A commit, tag or branch; main. */
  revision?: string;
  /** onnx/model.onnx or model.onnx unless told. */
  path?: string;
  name?: string;
  title?: string;
  summary?: string;
  task?: string;
  manifest?: Record<string, unknown>;
}

/** * `manufacturing` - manufacturing * `energy` - energy * `finance` - finance * `retail` - retail * `healthcare` - healthcare * `logistics` - logistics * `media` - media * `public-sector` - public-sector * `education` - education * `agriculture` - agriculture * `security` - security * `developer-tools` - developer-tools */
export type IndustryEnum = string;

/** What an upload would be read as; nothing was kept. */
export interface Inspection {
  format: string;
  signature: Record<string, unknown> | null;
  facts: Record<string, unknown> | null;
  manifest: Record<string, unknown> | null;
  schemas: Record<string, unknown> | null;
  checks: Check[];
}

/** So many instances on one kind of device. */
export interface InstanceGroup {
  count?: number;
  device?: DeviceEnum;
  gpus?: number[];
}

/** So many instances on one kind of device. */
export interface InstanceGroupRequest {
  count?: number;
  device?: DeviceEnum;
  gpus?: number[];
}

/** One Triton model of a version: where it is, how many instances it has, and why so many. */
export interface Instances {
  /** absent, loading, ready, healing or evicting */
  residency: string;
  instances: number;
  /** fixed, steady, load, idle, cooling, settling, memory, unmeasured or not_loaded; empty before the first look */
  reason: string;
  /** Of the metric, at the latest look. */
  value: number | null;
  memory_mb: number;
  /** Unix time. */
  looked_at: number | null;
}

export interface Invoice {
  id: string;
  object: string;
  number: string;
  status: string;
  currency: string;
  period_start: string;
  period_end: string;
  plan: string;
  lines: InvoiceLine[];
  subtotal: string;
  discount: string;
  credit: string;
  tax: string;
  total: string;
  amount_paid: string;
  issued_at: string | null;
  due_at: string | null;
  paid_at: string | null;
}

export interface InvoiceLine {
  type: string;
  model: string;
  unit: string;
  price_version: number;
  period: string;
  units: number;
  included: number;
  unit_amount: string | null;
  amount: string;
}

export interface InvoicePage {
  data: Invoice[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface Label {
  label: string;
  score: number;
}

/** Milliseconds, as the card measured them. */
export interface Latency {
  p50: number;
  p95: number;
  runs: number;
  cold_start: number;
}

/** Texts that were found in public and look like keys. */
export interface LeakReportRequest {
  tokens: string[];
  /** Where they were found. */
  url?: string;
}

/** What became of one text, in the order of the report. */
export interface LeakVerdict {
  last4: string;
  /** true_positive: it was a key and is revoked; false_positive: it was none. */
  label: string;
}

export interface LeakVerdicts {
  data: LeakVerdict[];
}

/** SPDX names, such as Apache-2.0, of the code around the model and of its weights. */
export interface LicenseRequest {
  code: string;
  weights: string;
}

export interface LineEvent {
  id: string;
  key_id: number;
  model: string;
  version: number;
  units: number;
  occurred_at: string;
  kind: string;
  reason: string;
}

export interface LineEventPage {
  data: LineEvent[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Megabytes: what the model added to a bare process, and that process's highest. */
export interface Memory {
  added: number;
  peak: number;
}

/** * `int8_dynamic` - int8_dynamic * `int8_static` - int8_static * `fp16` - fp16 */
export type MethodEnum = string;

/** * `cpu_utilization` - cpu_utilization * `queue_ms` - queue_ms * `rps` - rps */
export type MetricEnum = string;

/** A model with its manifest and its example. */
export interface ModelDetail {
  name: string;
  title: string;
  title_zh: string;
  summary: string;
  summary_zh: string;
  task: string;
  modality: string;
  domain: string;
  industry: string[];
  tags: string[];
  /** active, deprecated or retired */
  model_state: string;
  /** Whether its provider decides which organizations may subscribe. */
  gated: boolean;
  /** S1 library, S2 trained here, S3 fetched */
  source: string;
  evidence: string;
  license_code: string;
  license_weights: string;
  /** False: a hub's model that is fetched on demand, and was not yet. */
  callable: boolean;
  quality: QualityFigure[];
  latency: Latency | null;
  memory: Memory | null;
  price: Price;
  /** model.yaml; its `pricing` is `price`, in the currency's unit. */
  manifest: Record<string, unknown>;
  example: unknown;
  created_at: string;
  updated_at: string;
}

/** JSON Schemas of a prediction's parts. */
export interface ModelSchema {
  input: Record<string, unknown>;
  parameters: Record<string, unknown>;
  output: Record<string, unknown>;
}

/** A model as a list shows it. */
export interface ModelSummary {
  name: string;
  title: string;
  title_zh: string;
  summary: string;
  summary_zh: string;
  task: string;
  modality: string;
  domain: string;
  industry: string[];
  tags: string[];
  /** active, deprecated or retired */
  model_state: string;
  /** Whether its provider decides which organizations may subscribe. */
  gated: boolean;
  /** S1 library, S2 trained here, S3 fetched */
  source: string;
  evidence: string;
  license_code: string;
  license_weights: string;
  /** False: a hub's model that is fetched on demand, and was not yet. */
  callable: boolean;
  quality: QualityFigure[];
  latency: Latency | null;
  memory: Memory | null;
  price: Price;
}

export interface ModelSummaryPage {
  total: number;
  facets: Record<string, FacetValue[]>;
  data: ModelSummary[];
  has_more: boolean;
  next_cursor: string | null;
}

/** One immutable state of a model. */
export interface ModelVersion {
  version: number;
  label: string;
  /** uploading, validating, ready, failed or retired */
  version_state: string;
  digest: string;
  created_at: string;
  artifacts: (Record<string, string | number>)[];
  changelog: string;
  lineage: Record<string, unknown>;
  sunset_at: string | null;
  successor: number | null;
  stages: (Record<string, string>)[];
}

export interface ModelVersionPage {
  data: ModelVersion[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface NewAliasRequest {
  version: number;
}

/** A key with its secret, which is shown in this answer only. */
export interface NewApiKey {
  id: number;
  name: string;
  /** live or test */
  mode: string;
  prefix: string;
  last4: string;
  scopes: string[];
  /** Only these models; empty: every subscribed one. */
  models: string[];
  allowed_ips: string[];
  rate_per_minute: number;
  concurrency: number;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** Of the last delivered call or management request, true within a minute. */
  last_used_at: string | null;
  secret: string;
}

export interface NewBudgetRequest {
  name: string;
  /** in the account's currency, such as 25.00 */
  amount: string;
  window?: WindowEnum;
  hard?: boolean;
  thresholds?: number[];
  key_id?: number | null;
}

/** How a model is to be run; what is left out is as for every model. */
export interface NewDeployment {
  replicas?: number;
  autoscale?: Autoscale | null;
  /** The same as autoscale.min. */
  min?: number;
  /** The same as autoscale.max. */
  max?: number;
  pool?: PoolEnum;
  device?: DeviceEnum;
  instance_groups?: InstanceGroup[];
  dynamic_batching?: Batching | null;
  queue_policy?: QueuePolicy | null;
  response_cache?: AnswerCache | null;
  /** Inferences on made-up values before an instance takes calls. */
  warm_up?: number;
}

/** How a model is to be run; what is left out is as for every model. */
export interface NewDeploymentRequest {
  replicas?: number;
  autoscale?: AutoscaleRequest | null;
  /** The same as autoscale.min. */
  min?: number;
  /** The same as autoscale.max. */
  max?: number;
  pool?: PoolEnum;
  device?: DeviceEnum;
  instance_groups?: InstanceGroupRequest[];
  dynamic_batching?: BatchingRequest | null;
  queue_policy?: QueuePolicyRequest | null;
  response_cache?: AnswerCacheRequest | null;
  /** Inferences on made-up values before an instance takes calls. */
  warm_up?: number;
}

/** A model to be. Its name gets your organization's prefix. */
export interface NewModelRequest {
  title: string;
  title_zh?: string;
  summary: string;
  summary_zh?: string;
  industry?: IndustryEnum[];
  tags?: string[];
  license?: LicenseRequest;
  card?: CardRequest;
  pricing?: OfferRequest;
  /** open: everybody may subscribe; gated: those who asked and whom you let in */
  access?: string;
  name: string;
  /** One of the catalogue's tasks, such as tabular-classification. */
  task: string;
}

export interface NewOutcomesRequest {
  outcomes: OutcomeRequest[];
}

/** A version that is to take over step by step while it is watched. */
export interface NewRolloutRequest {
  version: number;
  /** Percents; [5, 25, 50] unless you say. */
  steps?: number[];
  /** Seconds of each step. */
  bake_s?: number;
  /** A step goes on until the canary answered so many calls. */
  min_calls?: number;
  alarms?: AlarmsRequest;
  /** Golden examples {input, parameters?, output, tolerance?}; the stable version's unless you say. */
  examples?: (Record<string, unknown>)[];
}

export interface NewTrafficRequest {
  targets: TargetRequest[];
  sticky_by?: string;
  shadow?: number | null;
  reason?: string;
}

export interface NewWebhookEndpointRequest {
  url: string;
  /** Names of events, a group such as version.*, or *. */
  events: string[];
}

/** What a unit costs: 0.002 is $0.002. */
export interface Offer {
  /** call, image, page, second, 1k_chars, row or point. */
  unit: string;
  /** Decimal text in the currency's unit. */
  amount: string;
  currency?: string;
  free_per_month?: number;
}

/** What a unit costs: 0.002 is $0.002. */
export interface OfferRequest {
  /** call, image, page, second, 1k_chars, row or point. */
  unit: string;
  /** Decimal text in the currency's unit. */
  amount: string;
  currency?: string;
  free_per_month?: number;
}

export interface OriginRequest {
  name: string;
  url?: string;
}

/** What came of an answer: of `prediction` (its id, or X-Receipt), or of a `subject` of yours that `version` answered. */
export interface OutcomeRequest {
  metric?: string;
  /** 1 and 0 for yes and no, or any number. */
  value: number;
  prediction?: string;
  version?: number;
  subject?: string;
  at?: string;
}

/** A model that your organization provides. */
export interface OwnModel {
  name: string;
  title: string;
  title_zh: string;
  summary: string;
  summary_zh: string;
  task: string;
  industry: string[];
  tags: string[];
  license: Record<string, string>;
  card: Record<string, unknown>;
  pricing: Offer;
  /** private, organization or public */
  visibility: string;
  /** open: everybody may subscribe; gated: those who asked and whom you let in */
  access: string;
  /** active, deprecated, retired or taken_down */
  model_state: string;
  /** State of the latest request to publish. */
  publication: string | null;
  versions: number;
  ready: number[];
  live: Target[];
  signature: Record<string, unknown> | null;
  created_at: string;
  updated_at: string;
}

export interface OwnModelPage {
  data: OwnModel[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface PatchedBudgetChangeRequest {
  name?: string;
  amount?: string;
  hard?: boolean;
  thresholds?: number[];
}

/** What can be changed of a model at any time. */
export interface PatchedModelTextsRequest {
  title?: string;
  title_zh?: string;
  summary?: string;
  summary_zh?: string;
  industry?: IndustryEnum[];
  tags?: string[];
  license?: LicenseRequest;
  card?: CardRequest;
  pricing?: OfferRequest;
  /** open: everybody may subscribe; gated: those who asked and whom you let in */
  access?: string;
}

export interface PaymentMethod {
  id: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  is_default: boolean;
}

export interface PaymentMethodList {
  data: PaymentMethod[];
}

export interface Payout {
  id: number;
  currency: string;
  until: string;
  /** in the currency's unit */
  total: string;
  status: string;
  transfer: string;
}

export interface PayoutList {
  data: Payout[];
}

/** Who belongs to a team: all of them, in place of those before. */
export interface PeopleRequest {
  people: number[];
}

export interface Plan {
  code: string;
  name: string;
  kind: string;
  rate_per_minute: number;
  concurrency: number;
  monthly_units: number | null;
  discount_percent: string;
  /** in the currency's unit */
  commitment: string | null;
  is_current: boolean;
  is_next: boolean;
}

export interface PlanChoiceRequest {
  plan: string;
}

export interface PlanList {
  data: Plan[];
}

/** * `hot` - hot * `warm` - warm * `cold` - cold */
export type PoolEnum = string;

/** One call of a model: its state, its output, its cost. */
export interface Prediction {
  /** pred_… */
  id: string;
  /** Always `prediction`. */
  object: string;
  model: string;
  version: number | null;
  variant: string | null;
  /** One of: queued, starting, processing, succeeded, failed, canceled. */
  status: string;
  progress: number | null;
  stage: string | null;
  /** By the model's output schema; media as data: URLs. */
  output: unknown;
  warnings?: string[];
  error: PredictionError | null;
  usage: PredictionUsage | null;
  metadata: Record<string, unknown>;
  logs_url: string | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  expires_at: string | null;
  urls: PredictionUrls;
}

export interface PredictionError {
  code: string;
  detail: string;
}

export interface PredictionPage {
  data: Prediction[];
  has_more: boolean;
  next_cursor: string | null;
}

/** What a prediction is made of. */
export interface PredictionRequestRequest {
  /** Fields of the model's input; media as base64 text or data: URLs. */
  input: Record<string, unknown>;
  /** Settings of the model, within their bounds. */
  parameters?: Record<string, unknown>;
  /** A version number or an alias; else the route's pick. */
  version?: unknown;
  /** Yours, kept with the prediction and given back. */
  metadata?: Record<string, unknown>;
  /** Told when an asynchronous prediction ends. */
  webhook?: string;
}

export interface PredictionUrls {
  /** Absent where the prediction is not stored. */
  get?: string;
  cancel?: string;
  events?: string;
  web?: string;
}

/** What was delivered and charged. */
export interface PredictionUsage {
  unit: string;
  units: number;
  /** Decimal text in the currency's unit, before included units and tiers. */
  cost: string;
  currency: string;
  compute_ms?: number;
  queue_ms?: number;
}

/** What one unit costs now: 0.0015 is $0.0015 an image. */
export interface Price {
  unit: string;
  /** Decimal text in the currency's unit. */
  amount: string;
  currency: string;
  free_per_month: number;
  version: number;
}

/** A failure that a caller can act on (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** One of: approval_required, backend_error, budget_exceeded, bundle_invalid, canceled, concurrency_limited, conflict, expired_api_key, hub_mismatch, hub_unreachable, idempotency_in_progress, idempotency_key_reused, input_signature_mismatch, insufficient_balance, insufficient_scope, internal_error, invalid_api_key, invalid_cursor, invalid_request, invalid_state, ip_not_allowed, malformed_json, method_not_allowed, model_error, model_not_found, model_not_ready, model_quarantined, name_taken, not_found, not_subscribed, out_of_memory, overloaded, payload_too_large, payment_required, permission_denied, poisoned, quota_exceeded, rate_limited, signature_invalid, timeout, unsupported_media_type, validation_error, version_not_found. */
  code: string;
  detail: string;
  request_id: string;
  retryable: boolean;
  errors: {
    pointer: string;
    detail: string;
    code: string;
  }[];
}

/** A request to publish, and what staff decided. */
export interface Publication {
  id: number | null;
  model: string;
  visibility: string;
  publication_state: string | null;
  approvals: Approval[];
  needed: number;
  reason: string;
  requested_at: string | null;
  decided_at: string | null;
}

export interface PublishRequest {
  /** private, organization or public */
  visibility: string;
  terms_accepted?: boolean;
  /** What your customers agree to. */
  terms?: string;
  pricing?: OfferRequest;
  /** open: everybody may subscribe; gated: those who asked and whom you let in */
  access?: string;
}

/** One measured figure of a model's card. */
export interface QualityFigure {
  name: string;
  /** With its unit. */
  value: string;
  data: string;
  method: string;
}

/** What becomes of calls that no instance is free for. */
export interface QueuePolicy {
  max_queue_size?: number;
  timeout_us?: number;
  timeout_action?: TimeoutActionEnum;
  allow_timeout_override?: boolean;
}

/** What becomes of calls that no instance is free for. */
export interface QueuePolicyRequest {
  max_queue_size?: number;
  timeout_us?: number;
  timeout_action?: TimeoutActionEnum;
  allow_timeout_override?: boolean;
}

export interface Receipt {
  payload: ReceiptPayload;
  kid: string;
  /** Ed25519 over the canonical JSON of payload, base64url */
  signature: string;
}

export interface ReceiptPayload {
  v: number;
  kind: string;
  /** the id that bills, as in X-Receipt */
  id: string;
  org: number;
  key_id: number;
  model: string;
  version: number;
  /** SHA-256 over the version's artifacts */
  version_digest: string;
  /** of the request's body */
  request_sha256: string;
  occurred_at: string;
  unit: string;
  units: number;
  price_version: number;
  unit_amount_minor: string;
  currency: string;
  /** exact, before included units and the rounding of the invoice line */
  amount_minor: string;
  mode: string;
  corrects: string | null;
  /** the cause, as in the table of what is billed */
  outcome: string;
  reason: string;
}

export interface Recorded {
  recorded: number;
  /** Known already; nothing changed. */
  repeated: number;
}

/** Every check of a version, its figures and its log. */
export interface Report {
  model: string;
  version: number;
  version_state: string;
  checks: Check[];
  profile: Record<string, unknown>;
  facts: Record<string, unknown> | null;
  isolation: Record<string, unknown>;
  signature: Record<string, unknown> | null;
  log: string[];
  /** Of a compressed version: before and after. */
  compression: Record<string, unknown> | null;
  /** Of an imported version: what was fetched, its licence. */
  hub: Record<string, unknown> | null;
  /** While a hub's file is fetched: {done, total} bytes. */
  progress: Record<string, unknown> | null;
}

export interface RollbackRequest {
  /** The number of a change; else one back. */
  to?: number;
}

/** A guarded rollout and how it stands. */
export interface Rollout {
  id: number;
  model: string;
  stable: number;
  canary: number;
  /** running, promoted, rolled_back or canceled */
  rollout_state: string;
  /** From 0. */
  step: number;
  weight: number;
  steps: number[];
  bake_s: number;
  min_calls: number;
  alarms: Record<string, unknown>;
  /** Calls, failures and p95 of both versions in this step. */
  seen: Record<string, unknown>;
  /** What took it back. */
  alarm: Record<string, unknown> | null;
  started_at: string;
  step_at: string;
  ended_at: string | null;
}

export interface RolloutPage {
  data: Rollout[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface RotateApiKeyRequest {
  /** How long the old key works on, 0 to 168. */
  grace_hours?: number;
}

export interface RunningVersion {
  version: number;
  weight: number;
  /** What is done before and after the net. */
  steps: Instances;
  net: Instances;
}

/** A program's account: its keys get scopes of its role only. */
export interface ServiceAccount {
  id: number;
  name: string;
  /** admin, developer, billing or viewer */
  role: string;
  created_at: string;
  disabled_at: string | null;
}

/** A service account's name and role. */
export interface ServiceAccountWishRequest {
  name: string;
  /** admin, developer, billing or viewer */
  role: string;
}

export interface ServiceAccounts {
  data: ServiceAccount[];
}

/** * `active` - active * `blocked` - blocked * `suspended` - suspended */
export type StateEnum = string;

/** A file of your organization. */
export interface StoredFile {
  /** file_…; stands for the content in a prediction's media fields. */
  id: string;
  /** Always `file`. */
  object: string;
  filename: string;
  content_type: string;
  /** batch, user_data, vision or batch_output. */
  purpose: string;
  bytes: number;
  sha256: string;
  created_at: string;
  /** When it is deleted. */
  expires_at: string;
}

export interface StoredFilePage {
  data: StoredFile[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface SubscribeRequest {
  model: string;
  /** free or payg */
  plan?: string;
}

/** A right to call a model. */
export interface Subscription {
  id: number;
  model: string;
  /** free or payg */
  plan: string;
  created_at: string;
}

export interface SubscriptionPage {
  data: Subscription[];
  has_more: boolean;
  next_cursor: string | null;
}

/** A version and its part of the calls, in whole percents. */
export interface Target {
  version: number;
  weight: number;
  /** Answered as X-Variant. */
  label?: string;
}

/** A version and its part of the calls, in whole percents. */
export interface TargetRequest {
  version: number;
  weight: number;
  /** Answered as X-Variant. */
  label?: string;
}

/** People and keys that belong together, with a ceiling for the month. */
export interface Team {
  id: number;
  name: string;
  /** What its keys may spend together in a month, in minor units; null: no ceiling. */
  monthly_limit_minor: number | null;
  /** Members, by their numbers. */
  people: number[];
  /** The keys' `id`s. */
  api_keys: number[];
  created_at: string;
}

/** The team that a key shares its ceiling with. */
export interface TeamOfKeyRequest {
  team_id: number | null;
}

/** A team's name and ceiling. */
export interface TeamWishRequest {
  name: string;
  monthly_limit_minor?: number | null;
}

export interface Teams {
  data: Team[];
}

/** * `reject` - reject * `delay` - delay */
export type TimeoutActionEnum = string;

export interface TopUpRequestRequest {
  /** whole minor units, cents for USD */
  amount_minor: number;
  success_url: string;
  cancel_url: string;
}

/** How calls are spread, and the number of the change that made it so. */
export interface Traffic {
  number: number;
  targets: Target[];
  /** key, organization or none */
  sticky_by: string;
  shadow: number | null;
  reason: string;
  at: string;
}

export interface TrafficPage {
  data: Traffic[];
  has_more: boolean;
  next_cursor: string | null;
}

/** A file on its way. After a broken connection, send the parts that `parts` lacks. */
export interface Upload {
  /** upload_… */
  id: string;
  /** Always `upload`. */
  object: string;
  filename: string;
  bytes: number;
  /** open, completed or canceled. */
  state: string;
  max_part_bytes: number;
  parts: UploadPart[];
  file_id: string | null;
  created_at: string;
  expires_at: string;
}

export interface UploadPart {
  number: number;
  bytes: number;
  sha256: string;
}

/** A file that will come in parts. */
export interface UploadRequestRequest {
  filename: string;
  /** Of the whole file, at most 512 MiB. */
  bytes: number;
  content_type?: string;
  purpose?: string;
  /** Of the whole file, lower-case hex; checked at the end. */
  sha256?: string;
}

export interface Usage {
  object: string;
  group_by: GroupByEnum;
  since: string;
  until: string;
  data: UsageSum[];
  as_of: string;
}

export interface UsageEvent {
  id: string;
  key_id: number;
  model: string;
  version: number;
  unit: string;
  units: number;
  price_version: number;
  amount: string;
  currency: string;
  mode: string;
  occurred_at: string;
  latency_ms: number;
  source: string;
  kind: string;
  reason: string;
}

export interface UsageEventPage {
  data: UsageEvent[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface UsageSum {
  /** model, key id, or the start of an hour or a day */
  group: string;
  unit: string;
  units: number;
  events: number;
  /** in the currency's unit, before included units and rounding */
  amount: string;
  currency: string;
}

/** A version's outcomes, and how they differ from the control's. */
export interface Variant {
  version: number;
  label: string;
  weight: number;
  outcomes: number;
  mean: number | null;
  deviation: number | null;
  /** The mean minus the control's. */
  effect: number | null;
  /** Of the effect, 95 %. */
  interval: number[] | null;
  p_value: number | null;
  /** two_proportion_z, fisher_exact (small counts), welch_t, or too_few */
  method: string | null;
  significant: boolean | null;
}

/** What callers see differently; additions break nobody. */
export interface VersionDiff {
  version: number;
  against: number;
  compatible: boolean;
  changes: Difference[];
}

/** The same as JSON. */
export interface VersionOfUploadRequest {
  manifest?: Record<string, unknown>;
  upload_id?: string;
  file_id?: string;
}

/** A version as a form: files, or the id of what was uploaded before. */
export interface VersionUploadRequest {
  /** model.onnx or a zip bundle; may come several times. */
  file?: string;
  /** YAML or JSON, as a field or a file. */
  manifest?: string;
  upload_id?: string;
  file_id?: string;
}

export interface Wallet {
  object: string;
  currency: string;
  /** in the currency's unit */
  usable: string;
  /** in the currency's unit */
  unbilled: string;
  /** in the currency's unit */
  available: string;
  grants: CreditGrant[];
}

export interface WebhookDelivery {
  /** msg_…, the webhook-id header. */
  id: string;
  /** Empty for an event of an endpoint. */
  prediction: string;
  event: string;
  url: string;
  /** pending, delivered or failed. */
  state: string;
  attempts: number;
  response_status: number | null;
  error: string;
  created_at: string;
  delivered_at: string | null;
}

export interface WebhookDeliveryPage {
  data: WebhookDelivery[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface WebhookEndpoint {
  /** whe_… */
  id: string;
  url: string;
  events: string[];
  created_at: string;
}

export interface WebhookEndpointPage {
  data: WebhookEndpoint[];
  has_more: boolean;
  next_cursor: string | null;
}

export interface WebhookSecret {
  /** Valid signing secrets, newest first. */
  secrets: string[];
}

export interface WhyRequest {
  /** Who asked reads it. */
  reason: string;
}

/** * `day` - day * `month` - month */
export type WindowEnum = string;
