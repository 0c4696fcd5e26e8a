"""Reads the text of an answer as a typed value: a number with its unit, a time, an interval, a set, a matrix …"""
