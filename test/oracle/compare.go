package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
)

// differences between the verdict that a golden file has and the one found now.
func differences(file *goldenFile, got answer) []string {
	if got.Failure != "" {
		return []string{"cannot be judged: " + got.Failure}
	}
	if len(file.Verdict) == 0 {
		return []string{"has no verdict"}
	}
	return append(compareJSON(file.Verdict, got.Verdict), got.Chance...)
}

func compareJSON(expected, got json.RawMessage) []string {
	var a, b any
	if err := json.Unmarshal(expected, &a); err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(got, &b); err != nil {
		return []string{err.Error()}
	}
	var lines []string
	compareValues("", a, b, &lines)
	return lines
}

func compareValues(path string, a, b any, lines *[]string) {
	left, isObject := a.(map[string]any)
	right, alsoObject := b.(map[string]any)
	if isObject && alsoObject {
		for _, name := range unionOfKeys(left, right) {
			compareValues(path+"."+name, left[name], right[name], lines)
		}
		return
	}
	leftList, isList := a.([]any)
	rightList, alsoList := b.([]any)
	if isList && alsoList && len(leftList) == len(rightList) {
		for i := range leftList {
			compareValues(fmt.Sprintf("%s[%d]", path, i), leftList[i], rightList[i], lines)
		}
		return
	}
	if !reflect.DeepEqual(a, b) && !(isEmpty(a) && isEmpty(b)) {
		*lines = append(*lines, fmt.Sprintf("%s: %v, now %v", path, a, b))
	}
}

// A list that is absent is an empty one.
func isEmpty(value any) bool {
	if value == nil {
		return true
	}
	reflected := reflect.ValueOf(value)
	return (reflected.Kind() == reflect.Map || reflected.Kind() == reflect.Slice) && reflected.Len() == 0
}

func unionOfKeys(a, b map[string]any) []string {
	var keys []string
	for name := range a {
		keys = append(keys, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			keys = append(keys, name)
		}
	}
	sort.Strings(keys)
	return keys
}
