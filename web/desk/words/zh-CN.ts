/** Words of the desk in Chinese; the other language has the same keys. */

import { fences } from "./fences.zh-CN.js";
import { bulletins } from "./bulletins.zh-CN.js";
import { figures } from "./figures.zh-CN.js";
import { ledger } from "./ledger.zh-CN.js";
import { rates } from "./rates.zh-CN.js";
import { reviews } from "./reviews.zh-CN.js";

export const zh = {
  ...fences,
  ...bulletins,
  ...figures,
  ...ledger,
  ...rates,
  ...reviews,
  app: "到岗工作台",
  log_in: "登录",
  logging_in: "正在登录…",
  user_name: "账号",
  password: "密码",
  log_out: "退出登录",
  menu: "菜单",
  skip_menu: "跳到正文",
  reload: "刷新页面",
  no_areas_title: "您的账号在工作台没有可用的功能",
  no_areas_advice: "工作台面向监管人员、项目管理员和审计人员。关键岗位人员请用手机端打卡；若您应当看到内容，请让开通账号的单位核对您的角色和范围。",
  projects: "工程项目",
  project_name: "项目名称",
  registration_no: "报监编号",
  site_mode: "考勤方式",
  site_mode_gate: "闸机",
  site_mode_phone: "手机",
  site_mode_either: "闸机或手机",
  no_projects: "您的账号下没有项目",
  no_projects_advice: "项目由市、区监管创建，并在其中指派您的单位。",
  more: "更多",
  loading: "正在加载…",
  retry: "重试",
  code_of_error: "错误代码：{code}",
  offline_title: "连接不上服务器",
  offline_advice: "请检查网络后重试。",
  logged_out_title: "登录已失效",
  logged_out_advice: "请重新登录。",
  unexpected_title: "应用出现意外错误",
  unexpected_advice: "请刷新页面再试；若仍出现，请把错误代码告诉平台运维。",
} as const;

export type Key = keyof typeof zh;
