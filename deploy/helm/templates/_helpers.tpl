{{- define "tessera.labels" -}}
app.kubernetes.io/name: tessera
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "tessera.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}

{{/* What every pod of ours is refused. */}}
{{- define "tessera.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "tessera.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The same for all of our own processes; `cell` adds where its Triton is. */}}
{{- define "tessera.envFrom" -}}
- configMapRef: {name: {{ .Release.Name }}-settings}
- secretRef: {name: {{ .Values.existingSecret }}}
{{- end }}

{{- define "tessera.cellEnv" -}}
- {name: TRITON_URL, value: "{{ .root.Release.Name }}-triton-{{ .cell.name }}:8000"}
- {name: TRITON_GRPC_URL, value: "{{ .root.Release.Name }}-triton-{{ .cell.name }}:8001"}
- {name: TESSERA_POOL_MEMORY_MB, value: {{ .cell.triton.poolMemoryMb | quote }}}
{{- end }}

{{- define "tessera.mounts" -}}
- {name: state, mountPath: /state}
- {name: models, mountPath: /models}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "tessera.volumes" -}}
- {name: state, persistentVolumeClaim: {claimName: {{ .Release.Name }}-state}}
- {name: models, persistentVolumeClaim: {claimName: {{ .Release.Name }}-models}}
- {name: tmp, emptyDir: {sizeLimit: 1Gi}}
{{- end }}

{{- define "tessera.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector: {matchLabels: {app.kubernetes.io/instance: {{ .root.Release.Name }}, tessera.dev/part: {{ .part }}}}
{{- end }}

{{- define "tessera.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}
