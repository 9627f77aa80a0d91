{{- define "berth.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Begins the name of every object. A release that is called after the chart does not say it twice. */ -}}
{{- define "berth.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "berth.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "berth.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "berth.serviceAccountName" -}}
{{- default (include "berth.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "berth.selectorLabels" -}}
app.kubernetes.io/name: {{ include "berth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: scheduler
{{- end -}}

{{- define "berth.podLabels" -}}
{{ include "berth.selectorLabels" . }}
app.kubernetes.io/part-of: berth
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "berth.labels" -}}
{{ include "berth.podLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "berth.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "berth.leaseName" -}}
{{- if .Values.replaceKubeScheduler -}}kube-scheduler{{- else -}}{{ include "berth.fullname" . }}{{- end -}}
{{- end -}}

{{- define "berth.leaseNamespace" -}}
{{- if .Values.replaceKubeScheduler -}}kube-system{{- else -}}{{ .Release.Namespace }}{{- end -}}
{{- end -}}

{{- /* The KubeSchedulerConfiguration: what the other values say, and over it `configuration`. */ -}}
{{- define "berth.configuration" -}}
{{- $names := .Values.schedulerNames -}}
{{- if .Values.replaceKubeScheduler -}}
{{- $names = prepend $names "default-scheduler" | uniq -}}
{{- end -}}
{{- $profiles := list -}}
{{- range $name := $names -}}
{{- $profile := dict "schedulerName" $name -}}
{{- if not $.Values.preemption.enabled -}}
{{- $off := list (dict "name" "DefaultPreemption") -}}
{{- $_ := set $profile "plugins" (dict "multiPoint" (dict "disabled" $off)) -}}
{{- end -}}
{{- $profiles = append $profiles $profile -}}
{{- end -}}
{{- $lease := dict "leaderElect" true "resourceName" (include "berth.leaseName" .) "resourceNamespace" (include "berth.leaseNamespace" .) -}}
{{- $base := dict "apiVersion" "kubescheduler.config.k8s.io/v1" "kind" "KubeSchedulerConfiguration" "leaderElection" $lease "profiles" $profiles -}}
{{- mergeOverwrite $base (deepCopy .Values.configuration) | toYaml -}}
{{- with .Values.berthConfiguration }}
---
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{- define "berth.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "berth.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}
